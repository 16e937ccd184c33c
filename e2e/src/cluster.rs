//! kubectl and helm, as a user has them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::places::{MARK, NAMESPACES, PIPELINE, RELEASE};
use crate::site::file;
use crate::waiting::eventually;

pub struct Cluster {
    pub kubectl: PathBuf,
    pub helm: PathBuf,
    pub kubeconfig: PathBuf,
}

/// What it printed, or what it complained of.
fn outcome(output: &Output) -> Result<String, String> {
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(error.into_owned()) }
}

/// What a command of the shell printed; it panics where that failed.
pub fn shell(command: &str) -> String {
    text(Command::new("sh").args(["-c", command]).output().unwrap(), &[command])
}

fn pods_of(component: &str) -> String {
    format!("app.kubernetes.io/instance={PIPELINE},app.kubernetes.io/component={component}")
}

/// What it printed; it panics where it failed.
pub fn text(output: Output, what: &[&str]) -> String {
    outcome(&output).unwrap_or_else(|error| panic!("{}: {}", what.join(" "), error.trim()))
}

impl Cluster {
    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    pub fn helm(&self, args: &[&str]) -> String {
        text(self.command(&self.helm, args).output().unwrap(), args)
    }

    /// Brings the release to the chart as it is, as docs/install.md says, with these values besides.
    pub fn upgrade(&self, values: &str) {
        let chart = file("charts/logpipeline");
        let args = ["upgrade", RELEASE, &chart, "--namespace", RELEASE, "--reset-then-reuse-values"];
        self.helm(&[&args[..], &["--set", values, "--wait", "--timeout", "2m"]].concat());
    }

    pub fn kubectl(&self, args: &[&str]) -> String {
        text(self.command(&self.kubectl, args).output().unwrap(), args)
    }

    pub fn try_kubectl(&self, args: &[&str]) -> Result<String, String> {
        outcome(&self.command(&self.kubectl, args).output().unwrap())
    }

    /// Waits until the API server serves a definition. kubectl fails, instead of waiting, on one that is so new that
    /// it has no conditions.
    pub fn established(&self, definition: &str) {
        let args = ["wait", "--for=condition=Established", &format!("crd/{definition}"), "--timeout=30s"];
        eventually("an established definition", 60, || match self.try_kubectl(&args) {
            Err(error) if error.contains("conditions accessor error") => None,
            outcome => Some(outcome.unwrap()),
        });
    }

    pub fn get(&self, namespace: &str, args: &[&str]) -> Option<Value> {
        let found = self.try_kubectl(&[&["get", "-o", "json", "-n", namespace], args].concat()).ok()?;
        serde_json::from_str(&found).ok()
    }

    pub fn list(&self, namespace: &str, kinds: &str, selector: &str) -> Vec<Value> {
        let found = self.get(namespace, &[kinds, "-l", selector]);
        found.and_then(|list| list["items"].as_array().cloned()).unwrap_or_default()
    }

    fn fed(&self, args: &[&str], input: &Value) -> Result<String, String> {
        let mut command = self.command(&self.kubectl, args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
        outcome(&child.wait_with_output().unwrap())
    }

    pub fn apply(&self, namespace: &str, object: &Value) {
        self.try_apply(namespace, object).unwrap();
    }

    pub fn try_apply(&self, namespace: &str, object: &Value) -> Result<String, String> {
        self.fed(&["apply", "-n", namespace, "-f", "-"], object)
    }

    /// Asks for the end of a pod as `kubectl drain` does, which heeds its PodDisruptionBudget.
    pub fn evict(&self, namespace: &str, pod: &str) -> Result<String, String> {
        let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": namespace } });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
        self.fed(&["create", "--raw", &path, "-f", "-"], &eviction)
    }

    /// A namespace whose pods may do nothing that PodSecurity's "restricted" forbids.
    pub fn namespace(&self, name: &str) {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted", MARK: "true" });
        self.apply("default", &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } }));
    }

    pub fn secret(&self, namespace: &str, name: &str, data: &Value) {
        self.apply(namespace, &json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": data }));
    }

    /// A Service whose one endpoint is outside of the cluster. Its port is that of the endpoint, which is what NetworkPolicies speak of.
    pub fn service_of(&self, namespace: &str, name: &str, address: &str, port: u16) {
        let ports = json!([{ "name": "http", "port": port }]);
        self.apply(namespace, &json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name }, "spec": { "ports": ports } }));
        self.apply(
            namespace,
            &json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": { "name": format!("{name}-1"), "labels": { "kubernetes.io/service-name": name } },
                "ports": [{ "name": "http", "port": port, "protocol": "TCP" }],
                "endpoints": [{ "addresses": [address], "conditions": { "ready": true } }],
            }),
        );
    }

    /// The LogPipeline of a namespace.
    pub fn pipeline(&self, namespace: &str) -> Option<Value> {
        self.get(namespace, &["logpipeline", PIPELINE])
    }

    pub fn patch(&self, namespace: &str, patch: &Value) {
        self.kubectl(&[
            "patch",
            "-n",
            namespace,
            "logpipeline",
            PIPELINE,
            "--type",
            "merge",
            "-p",
            &patch.to_string(),
        ]);
    }

    /// A condition of the pipeline, where it speaks of its current generation.
    pub fn condition(&self, namespace: &str, kind: &str) -> Option<Value> {
        let found = self.pipeline(namespace)?;
        let conditions = found["status"]["conditions"].as_array()?;
        let condition = conditions.iter().find(|one| one["type"] == kind)?;
        (condition["observedGeneration"] == found["metadata"]["generation"]).then(|| condition.clone())
    }

    pub fn until_ready(&self, namespace: &str) {
        self.until_condition(namespace, "Ready", "True", 300);
    }

    pub fn until_condition(&self, namespace: &str, kind: &str, status: &str, seconds: u64) -> Value {
        eventually(&format!("{kind} of {namespace}/{PIPELINE} is {status}"), seconds, || {
            self.condition(namespace, kind).filter(|condition| condition["status"] == status)
        })
    }

    pub fn until_operator_ready(&self) {
        eventually("the operator is ready", 180, || {
            let found = self.get(RELEASE, &["deployment", "logpipeline-operator"])?;
            (found["status"]["readyReplicas"] == 1).then_some(())
        });
    }

    /// The pods of a component that are ready, by name and uid.
    pub fn ready_pods(&self, namespace: &str, component: &str) -> Vec<(String, String)> {
        self.ready(namespace, &pods_of(component))
    }

    /// Those that are ending too.
    pub fn pods(&self, namespace: &str, component: &str) -> Vec<Value> {
        self.list(namespace, "pods", &pods_of(component))
    }

    pub fn ready(&self, namespace: &str, selector: &str) -> Vec<(String, String)> {
        let ready = |pod: &Value| {
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            pod["metadata"]["deletionTimestamp"].is_null()
                && conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        let name = |pod: &Value, field: &str| pod["metadata"][field].as_str().unwrap_or_default().to_owned();
        let pods = self.list(namespace, "pods", selector);
        pods.iter().filter(|pod| ready(pod)).map(|pod| (name(pod, "name"), name(pod, "uid"))).collect()
    }

    /// Ends a pod by force, as far as that goes `kill`ing its processes first, and gives what waits until another of its name is ready.
    pub fn kill_pod<'a>(
        &'a self,
        kill: Option<&str>,
        namespace: &'a str,
        component: &'a str,
        pod: &'a str,
    ) -> impl FnOnce() + 'a {
        let before = self.ready_pods(namespace, component);
        let uid = before.into_iter().find(|(name, _)| name == pod).map(|(_, uid)| uid);
        // The kubelet alone would give them their grace, though the object is gone.
        if let Some(kill) = kill {
            shell(&format!("{kill} {namespace} {pod}"));
        }
        self.kubectl(&["delete", "-n", namespace, "pod", pod, "--force", "--grace-period=0"]);
        move || {
            eventually(&format!("another pod {namespace}/{pod} is ready"), 120, || {
                let now = self.ready_pods(namespace, component);
                now.into_iter().find(|(name, found)| name == pod && Some(found) != uid.as_ref())
            });
        }
    }

    /// A port, here: of a Service, or of `pod/NAME`.
    pub fn forward(&self, namespace: &str, target: &str, port: u16) -> Forward {
        let target = if target.contains('/') { target.to_owned() } else { format!("service/{target}") };
        let local = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = self.command(&self.kubectl, &["port-forward", "-n", namespace, &target]);
        let child = command.arg(format!("{local}:{port}")).stdout(Stdio::null()).spawn().unwrap();
        let forward = Forward { child, local };
        eventually("the port is forwarded", 20, || std::net::TcpStream::connect(("127.0.0.1", local)).ok());
        forward
    }

    /// What one looks at when something does not come about.
    pub fn explain(&self, to: &Path) {
        let mut all = String::new();
        for args in [
            &[
                "get",
                "pods,logpipelines,statefulsets,deployments,jobs,persistentvolumeclaims,ingresses",
                "-A",
                "-o",
                "wide",
            ] as &[&str],
            &["get", "events", "-A", "--sort-by=.lastTimestamp"],
            &["get", "logpipelines", "-A", "-o", "yaml"],
            &["describe", "pods", "-A"],
            &["logs", "-n", RELEASE, "deployment/logpipeline-operator", "--tail=300"],
        ] {
            let said = self.try_kubectl(args).unwrap_or_else(|error| error);
            all.push_str(&format!("# kubectl {}\n{said}\n", args.join(" ")));
        }
        for namespace in NAMESPACES {
            let args = [
                "logs",
                "-n",
                namespace,
                "-l",
                "app.kubernetes.io/part-of=logpipeline",
                "--all-containers",
                "--prefix",
                "--tail=200",
            ];
            let said = self.try_kubectl(&args).unwrap_or_else(|error| error);
            all.push_str(&format!("# kubectl {}\n{said}\n", args.join(" ")));
        }
        std::fs::write(to, all).unwrap();
    }
}

pub struct Forward {
    child: Child,
    local: u16,
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Forward {
    /// The status that an ingestor answers to an entry from who bears the token.
    pub fn send(&self, token: &str) -> u16 {
        let header = format!("Authorization: Bearer {token}");
        let entry = "{\"message\":\"who goes there\"}";
        let url = self.url("/api/v1/logs");
        curl(&["-H", &header, "-H", "Content-Type: application/json", "--data-binary", entry, &url]).0
    }

    /// The status that a query server answers to who searches with a token.
    pub fn search(&self, token: &str) -> u16 {
        curl(&["-H", &format!("Authorization: Bearer {token}"), &self.url("/api/v1/search")]).0
    }

    pub fn sign_in(&self, user: &str, password: &str) -> u16 {
        let body = json!({ "user": user, "password": password }).to_string();
        curl(&["-H", "Content-Type: application/json", "--data-binary", &body, &self.url("/api/v1/session")])
            .0
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.local)
    }
}

/// The body of an answer and its status, by a client that knows nothing of clusters.
pub fn curl(args: &[&str]) -> (u16, String) {
    let all = [&["-sS", "--noproxy", "*", "--max-time", "20", "-w", "\n%{http_code}"], args].concat();
    let said = text(Command::new("curl").args(&all).output().unwrap(), args);
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

pub fn get_json(url: &str, token: Option<&str>) -> Value {
    let header = format!("Authorization: Bearer {}", token.unwrap_or_default());
    let args: &[&str] = if token.is_some() { &["-H", &header, url] } else { &[url] };
    let (status, body) = curl(args);
    assert_eq!(status, 200, "{url}: {body}");
    serde_json::from_str(&body).unwrap()
}
