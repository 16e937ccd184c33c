//! Who asks, from files that only the component can read.

use std::fs;
use std::path::Path;

use logpipeline_cluster::Credentials;

use crate::{PASSWORD_VARIABLE, SettingsError, StoreArgs};

/// The credentials that the flags name; `password` is that of the environment.
pub(crate) fn credentials(args: &StoreArgs, password: Option<String>) -> Result<Credentials, SettingsError> {
    let given = [
        ("--elasticsearch-user", args.elasticsearch_user.is_some()),
        ("--elasticsearch-api-key-file", args.elasticsearch_api_key_file.is_some()),
        ("--elasticsearch-token-file", args.elasticsearch_token_file.is_some()),
    ];
    if let [(one, _), (other, _), ..] = given.iter().filter(|(_, given)| *given).collect::<Vec<_>>()[..] {
        return Err(SettingsError::Both { one, other });
    }
    if let Some(path) = &args.elasticsearch_api_key_file {
        return secret("--elasticsearch-api-key-file", path).map(Credentials::ApiKey);
    }
    if let Some(path) = &args.elasticsearch_token_file {
        return secret("--elasticsearch-token-file", path).map(Credentials::Bearer);
    }
    let file = &args.elasticsearch_password_file;
    let Some(user) = args.elasticsearch_user.clone() else {
        let flag = match (file, &password) {
            (Some(_), _) => "--elasticsearch-password-file",
            (None, Some(_)) => PASSWORD_VARIABLE,
            (None, None) => return Ok(Credentials::None),
        };
        return Err(SettingsError::Needs { flag, needed: "--elasticsearch-user, whose password it is" });
    };
    let password = match (file, password) {
        (Some(_), Some(_)) => {
            return Err(SettingsError::Both {
                one: "--elasticsearch-password-file",
                other: PASSWORD_VARIABLE,
            });
        }
        (Some(path), None) => secret("--elasticsearch-password-file", path)?,
        (None, Some(password)) => password,
        (None, None) => {
            let needed =
                "a password: set --elasticsearch-password-file or LOGPIPELINE_ELASTICSEARCH_PASSWORD";
            return Err(SettingsError::Needs { flag: "--elasticsearch-user", needed });
        }
    };
    Ok(Credentials::Basic { user, password })
}

pub(crate) fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, SettingsError> {
    fs::read(path).map_err(|source| SettingsError::File { flag, path: path.to_owned(), source })
}

/// What a file holds, without the line ends that editors leave behind it.
fn secret(flag: &'static str, path: &Path) -> Result<String, SettingsError> {
    let wrong = |problem| SettingsError::Content { flag, path: path.to_owned(), problem };
    let text = String::from_utf8(read(flag, path)?).map_err(|_| wrong("is not text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(wrong("is empty"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environments_password_is_that_of_the_user_and_of_nobody_else() {
        let password = || Some("s3cret".to_owned());
        let mut args = StoreArgs::default();
        assert_eq!(credentials(&args, None).unwrap(), Credentials::None);
        let error = credentials(&args, password()).unwrap_err().to_string();
        assert!(
            error.starts_with("LOGPIPELINE_ELASTICSEARCH_PASSWORD needs --elasticsearch-user"),
            "{error}"
        );
        args.elasticsearch_user = Some("me".to_owned());
        let basic = Credentials::Basic { user: "me".to_owned(), password: "s3cret".to_owned() };
        assert_eq!(credentials(&args, password()).unwrap(), basic);
        args.elasticsearch_password_file = Some("file".into());
        let error = credentials(&args, password()).unwrap_err().to_string();
        assert!(error.starts_with("--elasticsearch-password-file and LOGPIPELINE_"), "{error}");
    }
}
