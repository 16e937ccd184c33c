mod examples;
mod properties;
mod semantics;
mod support;
