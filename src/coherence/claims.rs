use std::time::Duration;

use futures_util::future::join_all;

use super::{Claim, Filled, LookUp, Offer, Parts};
use crate::model::{Key, StoreError};
use crate::store::scripts::{Claimed, HeldClaim, NewClaim, Token, Tokens, claim, fill_claimed, release};

/// Claims of one kind on entries: whose token counts may fill, nobody else.
pub struct Claims {
    kind: &'static str,
    /// How long a claim lasts whose holder does not come back.
    ttl: Duration,
    tokens: Tokens,
    parts: Parts,
}

impl Claims {
    pub fn new(kind: &'static str, ttl: Duration, parts: Parts) -> Claims {
        Claims { kind, ttl, tokens: Tokens::new(parts.instance), parts }
    }

    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The claim on an entry that was won with this token.
    pub fn held<'a>(&self, key: &'a Key, token: Token) -> HeldClaim<'a> {
        HeldClaim { key, kind: self.kind, token }
    }

    /// A number that nobody else has.
    pub fn token(&self) -> Token {
        self.tokens.next()
    }

    /// The entry, if a reader asks and it is there; else the claim on it, or that another has it.
    pub async fn claim(&self, key: &Key, or_entry: bool) -> Result<LookUp, StoreError> {
        let token = self.tokens.next();
        let step = NewClaim { key, kind: self.kind, token, ttl: self.ttl, or_entry };
        Ok(match claim(&*self.parts.cache, step).await? {
            Claimed::Entry(entry) => LookUp::Hit(entry),
            Claimed::Won => LookUp::Miss(Claim::Held(token)),
            Claimed::Lost => LookUp::Miss(Claim::Denied),
        })
    }

    /// Looks several keys up by one command, then claims what is missing, each by itself and all at once.
    ///
    /// A claim that another has is not waited for: two readers that hold what the other waits for would stand still.
    pub async fn claim_missing(&self, keys: &[Key]) -> Result<Vec<LookUp>, StoreError> {
        let entries = self.parts.cache.get_many(keys).await?;
        let found = entries.into_iter().zip(keys).map(async |(entry, key)| match entry {
            Some(entry) => Ok(LookUp::Hit(entry)),
            None => self.claim(key, true).await,
        });
        join_all(found).await.into_iter().collect()
    }

    /// The claim on an entry that is to be replaced.
    pub async fn renew(&self, key: &Key) -> Result<Claim, StoreError> {
        match self.claim(key, false).await? {
            LookUp::Miss(claim) => Ok(claim),
            LookUp::Hit(_) => Ok(Claim::Denied),
        }
    }

    pub async fn fill(&self, key: &Key, offer: Offer<'_>, claim: Claim) -> Result<Filled, StoreError> {
        let Claim::Held(token) = claim else { return Ok(Filled::Rejected) };
        let (held, raw) = (self.held(key, token), offer.row.encode());
        fill_claimed(&*self.parts.cache, held, raw, offer.ttl).await.map(Filled::of)
    }

    /// Gives a claim back; one that cannot be given back ends with its TTL.
    pub async fn release(&self, key: &Key, claim: Claim) {
        if let Claim::Held(token) = claim {
            // What fails here was counted where it failed, and there is nobody to tell.
            let _ = release(&*self.parts.cache, self.held(key, token), false).await;
        }
    }
}
