use std::os::fd::{AsFd, AsRawFd};

use nix::libc::{TIOCGWINSZ, ioctl, winsize};
use tabled::grid::util::string::{get_char_width, get_line_width};

/// How large a terminal is, in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

impl Size {
    /// Of a terminal that does not tell.
    pub const USUAL: Size = Size { columns: 80, rows: 24 };

    /// Of the terminal behind a file; nothing where there is none, or it does not tell.
    pub fn of(file: impl AsFd) -> Option<Size> {
        let mut told = winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the file is open as long as it is borrowed, and the call writes one `winsize`, which `told` is.
        let answer = unsafe { ioctl(file.as_fd().as_raw_fd(), TIOCGWINSZ, &mut told) };
        let size = Size { columns: told.ws_col.into(), rows: told.ws_row.into() };
        (answer == 0 && size.columns > 0 && size.rows > 0).then_some(size)
    }
}

/// How many columns a line takes.
pub fn wide(line: &str) -> usize {
    get_line_width(line)
}

/// A text as one line that a terminal shows and does not obey: names and errors come from other people's files and servers.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A plain line of at most so many columns; what was cut off is told by `…`.
pub fn cut(line: &str, columns: usize) -> String {
    let line = plain(line);
    if wide(&line) <= columns {
        return line;
    }
    let mut left = columns.saturating_sub(1);
    let fitting = line.chars().take_while(|&letter| {
        let width = get_char_width(letter);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    });
    let text: String = fitting.collect();
    if columns == 0 { String::new() } else { format!("{}…", text.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_the_columns_that_its_letters_take() {
        assert_eq!(cut("cache-aside", 11), "cache-aside");
        assert_eq!(cut("cache-aside", 6), "cache…");
        assert_eq!(cut("cache aside", 7), "cache…");
        assert_eq!(cut("記憶装置", 8), "記憶装置");
        assert_eq!(cut("記憶装置", 6), "記憶…", "half a letter does not fit");
        assert_eq!(["", "a"].map(|line| cut(line, 0)), ["", ""]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_blank() {
        assert_eq!(plain("a\x1b[2J\r\n\u{9b}b é"), "a [2J   b é");
        assert_eq!(cut("\x1b]0;name\x07", 9), " ]0;name ");
    }

    #[test]
    fn what_is_no_terminal_has_no_size() {
        assert_eq!(Size::of(std::fs::File::open("/dev/null").unwrap()), None);
    }
}
