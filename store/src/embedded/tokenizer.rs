//! The language's tokens of `message`, given to Tantivy.

use logpipeline_model::query::text::{self, TOKEN_LIMIT, Tokens};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

#[derive(Debug, Clone, Default)]
pub(super) struct MessageTokenizer {
    token: Token,
}

pub(super) struct MessageTokens<'a> {
    tokens: Tokens<'a>,
    token: &'a mut Token,
}

impl Tokenizer for MessageTokenizer {
    type TokenStream<'a> = MessageTokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> MessageTokens<'a> {
        self.token.reset();
        MessageTokens { tokens: text::tokens(text), token: &mut self.token }
    }
}

impl TokenStream for MessageTokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(token) = self.tokens.next() else { return false };
        self.token.text.clear();
        token.fold_into(&mut self.token.text);
        self.token.offset_from = token.start;
        self.token.offset_to = token.end;
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Whether a token of the message was cut.
pub(super) fn has_cut_token(message: &str) -> bool {
    let separates = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    message.len() > TOKEN_LIMIT
        && message.as_bytes().split(separates).any(|run| run.len() > TOKEN_LIMIT)
        && text::tokens(message).any(|token| token.cut)
}
