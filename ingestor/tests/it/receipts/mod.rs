//! Where is it? What a receipt and an entry's id are answered.

mod entries;
mod journal;
mod power_cut;
mod protocols;
mod requests;
mod restarts;
