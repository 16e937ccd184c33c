mod examples;
mod semantics;
mod support;
