//! Query parameters: each is known by name, given once, and within its bounds, or the request is refused.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use logpipeline_service::Problem;
use percent_encoding::percent_decode_str;
use utoipa::IntoParams;

use crate::text;

/// The parameters of one endpoint. Those it documents are those it takes.
pub(crate) trait FromParams: IntoParams + Sized {
    fn from_params(given: &Given) -> Result<Self, Problem>;
}

/// Of an endpoint that takes none.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoParams {}

impl FromParams for NoParams {
    fn from_params(_: &Given) -> Result<Self, Problem> {
        Ok(Self {})
    }
}

/// Extracts an endpoint's parameters.
#[derive(Debug)]
pub(crate) struct Params<T>(pub T);

impl<T: FromParams, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: FromParams>(query: &str) -> Result<T, Problem> {
    let documented = T::into_params(|| None);
    let names: Vec<&str> = documented.iter().map(|parameter| parameter.name.as_str()).collect();
    let given = Given::parse(query)?;
    for (index, (name, _)) in given.0.iter().enumerate() {
        if !names.contains(&name.as_str()) {
            return Err(unknown(name, &names));
        }
        if given.0.iter().take(index).any(|(earlier, _)| earlier == name) {
            return Err(invalid(name, format!("`{name}` is given twice; give it once.")));
        }
    }
    T::from_params(&given)
}

/// A problem with one parameter.
pub(crate) fn invalid(parameter: &str, detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail).with("parameter", parameter)
}

fn unknown(name: &str, names: &[&str]) -> Problem {
    let closest = names
        .iter()
        .map(|known| (strsim::osa_distance(&name.to_lowercase(), known), *known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    let guess = closest.map(|(_, known)| format!(" Did you mean `{known}`?")).unwrap_or_default();
    let known = match names {
        [] => "It takes none.".to_owned(),
        names => format!("It takes {}.", names.join(", ")),
    };
    let shown: String = name.chars().take(100).collect();
    invalid(&shown, format!("`{shown}` is not a parameter of this endpoint.{guess} {known}"))
}

/// What the client gave, decoded, in its order.
#[derive(Debug)]
pub(crate) struct Given(Vec<(String, String)>);

impl Given {
    fn parse(query: &str) -> Result<Self, Problem> {
        let decode = |text: &str, name: &str| {
            let spaced = text.replace('+', " ");
            match percent_decode_str(&spaced).decode_utf8() {
                Ok(text) => Ok(text.into_owned()),
                Err(_) => Err(invalid(name, format!("`{name}` is not percent-encoded UTF-8."))),
            }
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, name)?;
            let value = decode(value, &name)?;
            Ok((name, value))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// A parameter's value; one that is empty counts as not given.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    }

    pub(crate) fn number(&self, name: &str, allowed: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && allowed.contains(&number) => Ok(Some(number)),
            _ => {
                let (least, most) = allowed.into_inner();
                let bounds = match most {
                    u64::MAX => format!("a whole number from {least}"),
                    most => format!("a whole number from {least} to {most}"),
                };
                Err(invalid(name, format!("`{name}` must be {bounds}, not {text:?}.")))
            }
        }
    }

    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text::parse_duration(&text).map(Some).map_err(|reason| invalid(name, format!("`{name}`: {reason}.")))
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                Err(invalid(name, format!("`{name}` must be {}, not {text:?}.", words.join(" or "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, IntoParams)]
    #[expect(dead_code, reason = "names the parameters")]
    struct Sample {
        limit: Option<u64>,
        q: Option<String>,
        order: Option<String>,
        timeout: Option<String>,
    }

    impl FromParams for Sample {
        fn from_params(given: &Given) -> Result<Self, Problem> {
            Ok(Self {
                limit: given.number("limit", 1..=1_000)?,
                q: given.text("q"),
                order: given.choice("order", &[("desc", 0), ("asc", 1)])?.map(|order| order.to_string()),
                timeout: given.duration("timeout")?.map(text::format_duration),
            })
        }
    }

    fn refusal(query: &str) -> String {
        let problem = read::<Sample>(query).unwrap_err();
        assert_eq!((problem.status, problem.kind), (StatusCode::BAD_REQUEST, "invalid-parameter"));
        format!("{}: {}", problem.body()["parameter"].as_str().unwrap(), problem.detail)
    }

    #[test]
    fn values_are_decoded_and_empty_ones_are_absent() {
        let sample = read::<Sample>("q=a%20b+c%3Dd%26&limit=7&order=&timeout=2s&").unwrap();
        assert_eq!(sample.q.as_deref(), Some("a b c=d&"));
        assert_eq!((sample.limit, sample.order), (Some(7), None));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_closest_known_one() {
        assert_eq!(
            refusal("q=a&limt=7"),
            "limt: `limt` is not a parameter of this endpoint. Did you mean `limit`? It takes limit, q, order, timeout."
        );
        assert!(!refusal("colour=red").contains("Did you mean"));
    }

    #[test]
    fn every_refusal_says_what_is_allowed() {
        assert_eq!(refusal("limit=0"), "limit: `limit` must be a whole number from 1 to 1000, not \"0\".");
        assert_eq!(refusal("limit=+5"), "limit: `limit` must be a whole number from 1 to 1000, not \" 5\".");
        assert_eq!(refusal("order=up"), "order: `order` must be desc or asc, not \"up\".");
        assert!(refusal("timeout=soon").starts_with("timeout: `timeout`: \"soon\" is not a duration: write"));
        assert_eq!(refusal("timeout=0s"), "timeout: `timeout`: \"0s\" is no time at all: write 1ms or more.");
        assert_eq!(refusal("q=a&q=b"), "q: `q` is given twice; give it once.");
        assert_eq!(refusal("q=%ff"), "q: `q` is not percent-encoded UTF-8.");
    }
}
