//! A control plane that a test may break.

use std::path::{Path, PathBuf};
use std::process::Command;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use crate::support::install_crd;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/kubernetes.sh");

pub struct Cluster {
    directory: tempfile::TempDir,
    parts: &'static [&'static str],
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(SCRIPT).arg("down").arg(self.directory.path()).output();
    }
}

impl Cluster {
    /// etcd and the API server, which notes every request.
    pub fn audited() -> Self {
        Self::up(&["--only-api"])
    }

    /// With what makes pods for workloads.
    pub fn whole() -> Self {
        Self::up(&[])
    }

    fn up(parts: &'static [&'static str]) -> Self {
        let directory = tempfile::Builder::new().prefix("kube-").tempdir().unwrap();
        let cluster = Self { directory, parts };
        cluster.start();
        cluster
    }

    /// Starts what does not run.
    pub fn start(&self) {
        let mut command = Command::new(SCRIPT);
        if !self.parts.is_empty() {
            command.env("KUBERNETES_AUDIT", "1");
        }
        let output = command.arg("up").arg(self.path()).args(self.parts).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.path().join("admin.kubeconfig")
    }

    /// Kills the API server; etcd keeps what it has.
    pub fn kill_api_server(&self) {
        let file = std::fs::read_to_string(self.path().join("kube-apiserver.pid")).unwrap();
        let id = file.split_whitespace().next().unwrap();
        assert!(Command::new("kill").args(["-KILL", id]).status().unwrap().success());
    }

    /// Somebody who may do everything, and of whom the API server knows the name.
    pub fn named(&self, name: &str) -> PathBuf {
        let mut config = serde_json::to_value(Kubeconfig::read_from(self.kubeconfig()).unwrap()).unwrap();
        config["users"][0]["user"]["as"] = json!(name);
        config["users"][0]["user"]["as-groups"] = json!(["system:masters"]);
        let path = self.path().join(format!("{name}.kubeconfig"));
        std::fs::write(&path, serde_yaml::to_string(&config).unwrap()).unwrap();
        path
    }

    /// Of a cluster that knows LogPipelines.
    pub async fn client(&self) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        install_crd(&client).await;
        client
    }
}
