//! Where one entry is.

use std::sync::Arc;
use std::time::Instant;

use logpipeline_model::dead_letter::id_of;
use logpipeline_model::{Document, EntryId, Timestamp};
use serde::Serialize;

use super::answer::Answer;
use super::find::Wanted;
use super::letters::{self, Letter};
use super::line::{Outcome, Request};
use super::tally::Tally;
use super::{Expired, NoAnswer, PATIENCE, Receipts, waiting};
use crate::clock;

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryAnswer {
    pub id: EntryId,
    pub state: EntryState,
    /// Where the store has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<Timestamp>,
    /// When it is found, at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searchable_by: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<Letter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// The request that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryState {
    /// In the log, or stored and not found yet.
    Waiting,
    Searchable,
    DeadLettered,
    /// It was stored, and a rule of retention allows that it is no more.
    Expired,
    /// Nothing that is known tells.
    Unknown,
}

/// What the store has of an entry.
#[derive(Debug)]
struct Stored {
    received_at: Timestamp,
    place: Option<String>,
}

impl Receipts {
    /// Where the entry with an id is.
    pub async fn entry(self: &Arc<Self>, id: EntryId) -> Result<EntryAnswer, NoAnswer> {
        match self.stored(id).await {
            Ok(Some(stored)) => self.look(move |this, until| this.searchable(id, stored, until)).await,
            Ok(None) => self.missing(id).await,
            // What waits is known without the store.
            Err(error) => {
                let answer = self.missing(id).await?;
                let known = matches!(answer.state, EntryState::Waiting | EntryState::DeadLettered);
                if known { Ok(answer) } else { Err(error) }
            }
        }
    }

    /// Where an entry is that the store does not find.
    async fn missing(self: &Arc<Self>, id: EntryId) -> Result<EntryAnswer, NoAnswer> {
        let mut answer = self.look(move |this, until| this.not_found(id, until)).await?;
        // After what waits: what is in neither then is in none.
        if answer.state != EntryState::Waiting
            && let Some(letter) = self.dead_letter(id).await?
        {
            answer = EntryAnswer {
                dead_letter: Some(letter),
                request: answer.request,
                ..EntryAnswer::new(id, EntryState::DeadLettered)
            };
        }
        Ok(answer)
    }

    async fn dead_letter(self: &Arc<Self>, id: EntryId) -> Result<Option<Letter>, NoAnswer> {
        let kept = tokio::time::timeout(PATIENCE, self.stores.dead_letters.get(id_of(id))).await;
        let kept = kept.map_err(|_| NoAnswer::TooLong).and_then(|found| Ok(found?));
        match kept {
            Ok(Some(found)) => Ok(Letter::stored(id_of(id), &found.body)),
            // What that store did not take is in files, which are there without it.
            without => {
                let letter = self.look(move |this, until| letters::find(&this.letters, id, until)).await?;
                if letter.is_some() { Ok(letter) } else { without.map(|_| None) }
            }
        }
    }

    async fn stored(&self, id: EntryId) -> Result<Option<Stored>, NoAnswer> {
        let look = async {
            let Some(found) = self.stores.logs.get(id).await? else { return Ok(None) };
            let place = self.stores.logs.place(id).await?;
            let received_at = Document::parse(&found.body).map(|document| document.received_at);
            let received_at = received_at.unwrap_or(found.position.time);
            Ok(Some(Stored { received_at, place }))
        };
        tokio::time::timeout(PATIENCE, look).await.map_err(|_| NoAnswer::TooLong)?
    }

    fn searchable(&self, id: EntryId, stored: Stored, until: Instant) -> Result<EntryAnswer, NoAnswer> {
        let mut answer = EntryAnswer::new(id, EntryState::Searchable);
        answer.place = stored.place;
        if let Some(request) = self.one(&Wanted::Time(stored.received_at), until)? {
            self.tell_request(&mut answer, request, until)?;
        }
        Ok(answer)
    }

    fn not_found(&self, id: EntryId, until: Instant) -> Result<EntryAnswer, NoAnswer> {
        let mut answer = EntryAnswer::new(id, EntryState::Unknown);
        // Before what is shipped: what is in neither then is in none.
        let waits = waiting::look(&self.wal, &Wanted::Entry(id), until)?;
        let outcome = match waits.requests.into_iter().next() {
            Some(request) => self.tell_request(&mut answer, request, until)?,
            None => self.tell_requests(&mut answer, until)?,
        };
        let now = clock::now();
        match outcome {
            Some(Outcome::DeadLettered) => answer.state = EntryState::DeadLettered,
            Some(Outcome::Stored | Outcome::Duplicate) => {
                let received_at = answer.request.as_ref().map(|request| request.received_at);
                if answer.searchable_by.is_some_and(|at| now < at) {
                    answer.state = EntryState::Waiting;
                } else if let Some(expired) = received_at.and_then(|at| self.rules.explain(at, now)) {
                    answer.state = EntryState::Expired;
                    answer.expired = Some(expired);
                }
            }
            Some(Outcome::Lost) => {}
            None if waits.entry => answer.state = EntryState::Waiting,
            None => {}
        }
        Ok(answer)
    }

    /// Adds what is known of the request that tells most of the entry: of one and its retries, the one by which the store took
    /// the entry. Returns what became of the entry, where that is known.
    fn tell_requests(&self, answer: &mut EntryAnswer, until: Instant) -> Result<Option<Outcome>, NoAnswer> {
        let mut best = None;
        for request in self.all(&Wanted::Entry(answer.id), until)?.0 {
            let mut told = answer.clone();
            let outcome = self.tell_request(&mut told, request, until)?;
            if best.as_ref().is_none_or(|(_, other)| telling(outcome) > telling(*other)) {
                best = Some((told, outcome));
            }
        }
        let Some((told, outcome)) = best else { return Ok(None) };
        *answer = told;
        Ok(outcome)
    }

    /// Adds what is known of the entry's request; returns what became of the entry, where that is known.
    fn tell_request(
        &self,
        answer: &mut EntryAnswer,
        request: Request,
        until: Instant,
    ) -> Result<Option<Outcome>, NoAnswer> {
        let tally = self.tally(&request, until)?;
        let number = number_of(answer.id, &request);
        let outcome = match number.and_then(|number| tally.of(number)) {
            Some((part, outcome)) => {
                if !matches!(outcome, Some(Outcome::DeadLettered | Outcome::Lost)) {
                    answer.stored_at = Some(part.written_at);
                    answer.searchable_by = part.searchable_by;
                }
                outcome
            }
            // Which of the request's entries it is does not matter where all went one way.
            None if number.is_none() => all_one_way(answer, &tally),
            None => None,
        };
        answer.request = Some(Answer::new(request, &tally, self.journal.oldest()));
        Ok(outcome)
    }
}

/// How much an outcome tells of where an entry is.
fn telling(outcome: Option<Outcome>) -> u8 {
    match outcome {
        Some(Outcome::Stored) => 4,
        Some(Outcome::Duplicate) => 3,
        Some(Outcome::DeadLettered) => 2,
        Some(Outcome::Lost) => 1,
        None => 0,
    }
}

fn all_one_way(answer: &mut EntryAnswer, tally: &Tally) -> Option<Outcome> {
    let outcome = tally.of_all()?;
    if let [part] = &tally.parts[..]
        && matches!(outcome, Outcome::Stored | Outcome::Duplicate)
    {
        answer.stored_at = Some(part.written_at);
        answer.searchable_by = part.searchable_by;
    }
    Some(outcome)
}

/// The number in the log of an entry, where its id tells.
fn number_of(id: EntryId, request: &Request) -> Option<u64> {
    Some(request.range()?.0 + request.note.ids?.place(id, request.note.accepted)?)
}

impl EntryAnswer {
    fn new(id: EntryId, state: EntryState) -> Self {
        Self {
            id,
            state,
            place: None,
            stored_at: None,
            searchable_by: None,
            dead_letter: None,
            expired: None,
            request: None,
        }
    }
}
