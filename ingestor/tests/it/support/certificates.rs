//! Certificates that sign themselves.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Makes `tls.crt` and `tls.key` for localhost in a new folder, named as in a Secret; returns the certificate.
pub fn make(folder: &Path) -> Vec<u8> {
    fs::create_dir(folder).unwrap();
    let arguments = "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 \
                     -subj /CN=ingestor -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost \
                     -keyout tls.key -out tls.crt";
    let output = Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(folder.join("tls.crt")).unwrap()
}
