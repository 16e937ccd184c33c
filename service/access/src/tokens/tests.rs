use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const TOKEN: &str = "correct-horse-battery";

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn hex(hash: Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_line_is_a_name_and_a_token_or_its_hash() {
    let hashed = hex(Sha256::digest("another-token-of-it").into());
    let text = format!(
        "# who sends\r\n\n  shop:{TOKEN}\r\nedge.eu-1:a:colon:is:no:end:of:it\npay:sha256:{hashed}\n"
    );
    let named = parse(&text).unwrap();
    for (token, name) in
        [(TOKEN, "shop"), ("a:colon:is:no:end:of:it", "edge.eu-1"), ("another-token-of-it", "pay")]
    {
        let found = named.find(&Sha256::digest(token).into());
        assert_eq!(found.unwrap().as_str(), name);
    }
    assert_eq!(named.find(&Sha256::digest(&hashed).into()), None, "a hash is no token");
    assert_eq!(parse(&format!("upper:sha256:{}", "AB".repeat(32))).unwrap().0[0].1, [0xab; 32]);
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_without_the_token() {
    let long = "n".repeat(64);
    for (text, expected) in [
        ("", "line 1: there is no token up to here"),
        ("# none yet\n\n", "line 2: there is no token up to here"),
        ("a:0123456789abcdef\nsecret-without-a-name", "line 2: there is no colon; write NAME:TOKEN"),
        (":0123456789abcdef", "line 1: the name before the colon is none"),
        ("se cret:0123456789abcdef", "line 1: the name before the colon is none"),
        (&format!("{long}:0123456789abcdef"), "line 1: the name before the colon is none"),
        ("\n\na:secret", "line 3: the token is shorter than 16 characters"),
        ("a:secret with a space", "line 1: the token has a space"),
        ("a:secret-of-ünicode", "line 1: the token has a space or another character"),
        ("a:sha256:secret0123456789", "line 1: sha256: is followed by the 64 hexadecimal digits"),
        (&format!("a:sha256:+{}", "0".repeat(63)), "line 1: sha256: is followed by"),
        ("a:0123456789abcdef\na:fedcba9876543210", "line 2: a has a token already"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn each_of_many_tokens_is_found_under_its_own_name_and_no_other_is() {
    let folder = tempfile::tempdir().unwrap();
    let token = |number: usize| format!("token-number-{number:08}");
    let paths = [0, 500].map(|first| {
        let path = folder.path().join(format!("tokens-{first}"));
        let lines: String =
            (first..first + 500).map(|number| format!("n{number}:{}\n", token(number))).collect();
        fs::write(&path, lines).unwrap();
        path
    });
    let tokens = Tokens::open(&paths).unwrap();
    for number in 0..1_000 {
        assert_eq!(tokens.find(token(number).as_bytes()).unwrap().as_str(), format!("n{number}"));
    }
    for wrong in [&token(1_000)[..], &token(7)[1..], &format!("{} ", token(7)), "", "n7"] {
        assert_eq!(tokens.find(wrong.as_bytes()), None, "{wrong:?}");
    }
}

#[test]
fn a_replaced_token_is_no_longer_taken_and_a_damaged_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut version = 0;
    // As Kubernetes writes a Secret.
    let mut write = |content: &str| {
        version += 1;
        let new = format!("..{version}");
        fs::create_dir(at(&new)).unwrap();
        fs::write(at(&new).join("tokens"), content).unwrap();
        symlink(&new, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    write("shop:0123456789abcdef");
    symlink("..data/tokens", at("tokens")).unwrap();
    let tokens = Tokens::open(&[at("tokens")]).unwrap();
    let name = |token: &str| tokens.find(token.as_bytes()).map(|name| name.to_string());
    let refresh = || tokens.0.iter().for_each(|file| file.refresh());
    assert_eq!(name("0123456789abcdef").as_deref(), Some("shop"));

    write("shop:fedcba9876543210\nedge:0123456789abcdef-new");
    refresh();
    assert_eq!(name("0123456789abcdef"), None);
    assert_eq!(name("fedcba9876543210").as_deref(), Some("shop"));
    assert_eq!(name("0123456789abcdef-new").as_deref(), Some("edge"));

    for damaged in ["", "shop", "shop:short"] {
        write(damaged);
        refresh();
        assert_eq!(name("fedcba9876543210").as_deref(), Some("shop"), "{damaged:?}");
    }
}

#[test]
fn no_token_is_kept_or_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, format!("shop:{TOKEN}")).unwrap();
    let tokens = Tokens::open(&[path]).unwrap();
    let named = tokens.0[0].get();
    assert_eq!(format!("{named:?}"), r#"[TokenName("shop")]"#);
    assert!(!format!("{tokens:?}").contains(TOKEN));
    // All that is kept of it: a name and a hash.
    let Named(kept) = &*named;
    assert_eq!(kept[..], [(TokenName("shop".into()), Sha256::digest(TOKEN).into())]);
}

#[test]
fn a_token_comes_as_bearer_or_where_that_is_allowed_as_the_password_of_basic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, format!("shop:{TOKEN}")).unwrap();
    let tokens = Tokens::open(&[path]).unwrap();
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let known = |values: &[String], schemes| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        tokens.bearer(&headers, schemes).is_some()
    };
    for value in [format!("Bearer {TOKEN}"), format!("bearer  {TOKEN} ")] {
        assert!(known(std::slice::from_ref(&value), Schemes::Bearer), "{value}");
    }
    for pair in [format!("anybody:{TOKEN}"), format!(":{TOKEN}")] {
        assert!(known(&[basic(&pair)], Schemes::BearerOrBasic), "{pair}");
        assert!(!known(&[basic(&pair)], Schemes::Bearer), "{pair}");
    }
    let splunk = [format!("Splunk {TOKEN}")];
    assert!(known(&splunk, Schemes::BearerOrBasic) && !known(&splunk, Schemes::Bearer));
    for values in [
        vec![],
        vec![TOKEN.to_owned()],
        vec![format!("Splunk {TOKEN}x")],
        vec![format!("Bearer {TOKEN}x")],
        vec![format!("Digest {TOKEN}")],
        vec![basic(TOKEN)],
        vec![basic(&format!("{TOKEN}:"))],
        vec!["Basic $$".to_owned()],
        vec![format!("Bearer {TOKEN}"), format!("Bearer {TOKEN}")],
    ] {
        assert!(!known(&values, Schemes::BearerOrBasic), "{values:?}");
    }
}

#[test]
fn a_token_comes_as_datadogs_key_where_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, format!("shop:{TOKEN}")).unwrap();
    let tokens = Tokens::open(&[path]).unwrap();
    let known = |pairs: &[(&'static str, &str)], schemes| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        tokens.bearer(&headers, schemes).is_some()
    };
    assert!(known(&[("dd-api-key", TOKEN)], Schemes::BearerOrBasic));
    assert!(!known(&[("dd-api-key", TOKEN)], Schemes::Bearer));
    assert!(!known(&[("dd-api-key", "another")], Schemes::BearerOrBasic));
    assert!(!known(&[("dd-api-key", TOKEN), ("dd-api-key", TOKEN)], Schemes::BearerOrBasic));
    assert!(!known(&[("dd-api-key", TOKEN), ("authorization", "Bearer another")], Schemes::BearerOrBasic));
}
