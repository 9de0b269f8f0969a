use crate::model::BoxFuture;

/// A request that was sent once, however often whoever waits for its answer gives up and waits again.
///
/// A read that is given up would take entries with it that the server has given out already.
pub struct Request<T>(Option<BoxFuture<'static, T>>);

impl<T> Default for Request<T> {
    fn default() -> Request<T> {
        Request(None)
    }
}

impl<T> Request<T> {
    /// Waits for the answer of the request under way, or of a new one. It may be dropped, and asked again.
    pub async fn answer(&mut self, new: impl FnOnce() -> BoxFuture<'static, T>) -> T {
        let answer = self.0.get_or_insert_with(new).await;
        self.0 = None;
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_and_asks_again_gets_the_first_answer() {
        let (mut request, mut sent) = (Request::default(), 0);
        let mut answers = Vec::new();
        for _ in 0..3 {
            let waiting = request.answer(|| {
                sent += 1;
                let number = sent;
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(25)).await;
                    number
                })
            });
            answers.push(tokio::time::timeout(Duration::from_millis(10), waiting).await.ok());
        }
        assert_eq!((answers, sent), (vec![None, None, Some(1)], 1));
    }
}
