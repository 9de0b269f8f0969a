use std::fmt;
use std::str::FromStr;

/// A process, told apart from a later one that was given the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub pid: u32,
    /// When it started, in the system's own words: clock ticks since boot on Linux, a date elsewhere.
    born: String,
}

impl Identity {
    /// The living process `pid`; a zombie does not live.
    pub fn of(pid: u32) -> Option<Identity> {
        let (state, born) = state_and_birth(pid)?;
        (!matches!(state, 'Z' | 'X')).then_some(Identity { pid, born })
    }

    /// Whether this very process still lives.
    pub fn is_alive(&self) -> bool {
        Identity::of(self.pid).as_ref() == Some(self)
    }
}

#[cfg(target_os = "linux")]
fn state_and_birth(pid: u32) -> Option<(char, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name stands in parentheses and may hold spaces and parentheses itself.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // The state is field 3, the start time field 22.
    Some((state, fields.nth(18)?.to_string()))
}

#[cfg(not(target_os = "linux"))]
fn state_and_birth(pid: u32) -> Option<(char, String)> {
    let answer = std::process::Command::new("ps")
        .args(["-o", "state=", "-o", "lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let line = String::from_utf8(answer.stdout).ok()?;
    let mut words = line.split_ascii_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, words.collect::<Vec<_>>().join("_")))
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.born)
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Identity, ()> {
        let mut words = text.split_ascii_whitespace();
        let pid = words.next().and_then(|word| word.parse().ok()).ok_or(())?;
        let born = words.next().ok_or(())?.to_string();
        Ok(Identity { pid, born })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_live_and_a_process_of_our_number_but_another_birth_does_not() {
        let ours = Identity::of(std::process::id()).unwrap();
        assert!(ours.is_alive());
        assert_eq!(ours.to_string().parse(), Ok(ours.clone()));
        assert!(!Identity { born: "1".into(), ..ours }.is_alive());
    }

    #[test]
    fn a_zombie_does_not_live() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        child.kill().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while identity.is_alive() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(!identity.is_alive());
        child.wait().unwrap();
    }
}
