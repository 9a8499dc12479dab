//! The format for people: titles, days, authors, times and texts.
//!
//! What somebody wrote stands in it as text, not as Markdown: whatever it looks like, it can
//! neither end the document's own structure nor become a part of it.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use tidings_cache::{
    ExportSink, ExportedMessage, ExportedSession, Gap, MessageChange, OwnState, SessionWrite,
};
use tidings_model::{Json, Language, MessageKind, Timestamp};

use super::{About, Format, words};
use crate::workspace::Names;

pub(super) struct Markdown<W = BufWriter<File>> {
    out: W,
    about: About,
    names: Names,
    language: Language,
    fresh: bool,
    /// The day of the last message.
    day: Option<String>,
}

impl<W: Write> Markdown<W> {
    pub(super) const fn new(out: W, about: About, names: Names, language: Language) -> Self {
        Self {
            out,
            about,
            names,
            language,
            fresh: true,
            day: None,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        self.fresh = false;
        let (workspace, at) = (line(&self.about.workspace), self.about.exported_at);
        let head = words::head(self.language, &workspace, &moment(at));
        writeln!(self.out, "*{head}*")
    }

    fn begin(&mut self, session: &ExportedSession) -> io::Result<()> {
        if self.fresh {
            self.head()?;
        }
        self.day = None;
        let title = session.title.as_deref().map(line);
        let title = title.filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| words::untitled(self.language).to_owned());
        writeln!(self.out, "\n# {title}")?;
        if !session.gaps.is_empty() {
            let (what, list) = words::incomplete(self.language);
            writeln!(self.out, "\n**{what}** {list}\n")?;
            for gap in &session.gaps {
                writeln!(self.out, "- {}", gap_text(self.language, gap))?;
            }
        }
        for own in &session.unsent {
            let change = match &own.change {
                SessionWrite::New => words::Change::Made,
                SessionWrite::Edit { .. } => words::Change::Edited,
                SessionWrite::Delete => words::Change::Deleted,
            };
            let change = words::change(self.language, change);
            let state = state_text(self.language, &own.state);
            writeln!(self.out, "\n*{change}: {state}.*")?;
        }
        Ok(())
    }

    fn row(&mut self, message: &ExportedMessage) -> io::Result<()> {
        let day = message.created_at.local_day();
        if self.day.as_ref() != Some(&day) {
            writeln!(self.out, "\n## {day}")?;
            self.day = Some(day);
        }
        let mut facts = vec![message.created_at.local_clock()];
        facts.extend(match word(message.kind.as_deref()) {
            Some(MessageKind::Voice) => Some(words::voice(self.language).to_owned()),
            Some(MessageKind::AdapterAction) => Some(words::action(self.language).to_owned()),
            Some(MessageKind::Text) | None => None,
        });
        if message.incomplete {
            facts.push(words::parts_missing(self.language).to_owned());
        }
        let mut edit = None;
        if let Some(own) = &message.unsent {
            let state = state_text(self.language, &own.state);
            match &own.change {
                MessageChange::New => facts.push(state),
                MessageChange::Delete => facts.push(words::deleted_here(self.language, &state)),
                MessageChange::Edit(content) => edit = Some((content, state)),
            }
        }
        let author = author(self.language, &self.names, message);
        let facts = facts.join(" · ");
        writeln!(self.out, "\n**{author}** · {facts}\n")?;
        self.text(message.content.as_deref().unwrap_or_default())?;
        if let Some((content, state)) = edit {
            let changed = words::changed_here(self.language, &state);
            writeln!(self.out, "\n*{changed}*\n")?;
            self.text(content)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let text = literal(text);
        if text.is_empty() {
            return writeln!(self.out, "*{}*", words::no_text(self.language));
        }
        writeln!(self.out, "{text}")
    }

    fn close(mut self) -> io::Result<W> {
        if self.fresh {
            self.head()?;
        }
        Ok(self.out)
    }
}

impl ExportSink for Markdown {
    fn session(&mut self, session: &ExportedSession) -> io::Result<()> {
        self.begin(session)
    }

    fn message(&mut self, message: &ExportedMessage) -> io::Result<()> {
        self.row(message)
    }
}

impl Format for Markdown {
    fn end(self) -> io::Result<BufWriter<File>> {
        self.close()
    }
}

fn moment(at: Timestamp) -> String {
    format!("{}, {}", at.local_day(), at.local_clock())
}

fn author(language: Language, names: &Names, message: &ExportedMessage) -> String {
    let empty = Json::empty();
    let metadata = message.metadata.as_ref().unwrap_or(&empty);
    let name = names.author(metadata, message.user_id.as_ref());
    let name = name.map(|name| line(&name));
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| words::author(language, word(message.role.as_deref())).to_owned())
}

fn word<T: std::str::FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

fn state_text(language: Language, state: &OwnState) -> String {
    match state {
        OwnState::Queued | OwnState::Held { .. } | OwnState::Sending => {
            words::not_sent_yet(language).to_owned()
        }
        OwnState::Failed(reason) => {
            let reason = line(&reason.message);
            words::not_sent(language, reason.trim_end_matches(['.', ' ']))
        }
    }
}

fn gap_text(language: Language, gap: &Gap) -> String {
    let (after, before) = (gap.after.map(|key| key.at), gap.before.map(|key| key.at));
    let (after, before) = (after.map(moment), before.map(moment));
    words::gap(language, after.as_deref(), before.as_deref())
}

/// A text on one line.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    literal(&words.join(" "))
}

/// A text as Markdown (CommonMark, GitHub's additions) that shows it as it was written: lines
/// stay lines, paragraphs stay paragraphs, indentation stays, and nothing in it is markup.
fn literal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    // Blank lines at the beginning and the end show nothing.
    for source in text.trim_matches('\n').split('\n') {
        let source = source.trim_end();
        if source.is_empty() {
            if out.ends_with("\\\n") {
                // No hard break before the end of a paragraph.
                out.truncate(out.len() - 2);
                out.push('\n');
            }
            out.push('\n');
            continue;
        }
        literal_line(source, &mut out);
        out.push_str("\\\n");
    }
    if out.ends_with("\\\n") {
        out.truncate(out.len() - 2);
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

fn literal_line(line: &str, out: &mut String) {
    let rest = line.trim_start_matches([' ', '\t']);
    for blank in line[..line.len() - rest.len()].chars() {
        // Four spaces or a tab would begin a code block; one that does not break begins nothing.
        out.push_str(if blank == '\t' {
            "\u{a0}\u{a0}\u{a0}\u{a0}"
        } else {
            "\u{a0}"
        });
    }
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut before = None;
    for (at, c) in rest.char_indices() {
        let inside_a_word = || {
            let after = rest[at + 1..].chars().next();
            before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
        };
        let marks = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '#' | '$' => true,
            '_' => !inside_a_word(),
            '-' | '+' | '=' | ':' => at == 0,
            '.' | ')' => digits > 0 && at == digits,
            _ => false,
        };
        if marks {
            out.push('\\');
        }
        out.push(if c == '\0' { '\u{fffd}' } else { c });
        before = Some(c);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tidings_cache::{FailReason, MessageKey, UnsentMessageChange};

    use super::super::samples::{about, message, moment, session};
    use super::*;

    fn written(fill: impl FnOnce(&mut Markdown<Vec<u8>>)) -> String {
        written_in(Language::English, fill)
    }

    fn written_in(language: Language, fill: impl FnOnce(&mut Markdown<Vec<u8>>)) -> String {
        let mut markdown = Markdown::new(Vec::new(), about(), Names::default(), language);
        fill(&mut markdown);
        String::from_utf8(markdown.close().unwrap()).unwrap()
    }

    #[test]
    fn a_session_reads_as_title_days_authors_and_texts() {
        let mut next_day = message("two\nlines\n\nand a paragraph");
        next_day.created_at = moment().plus(std::time::Duration::from_hours(24));
        let text = written(|markdown| {
            markdown.begin(&session("Trip # 1")).unwrap();
            markdown.row(&message("hello")).unwrap();
            markdown.row(&message("")).unwrap();
            markdown.row(&next_day).unwrap();
        });
        let (day, clock) = (moment().local_day(), moment().local_clock());
        let (next, next_clock) = (
            next_day.created_at.local_day(),
            next_day.created_at.local_clock(),
        );
        assert_eq!(
            text,
            format!(
                "*Exported from Local \\*workspace\\* on {day}, {clock}. Times are those of the \
                 computer that wrote this.*\n\n# Trip \\# 1\n\n## {day}\n\n**Alice** · {clock}\n\n\
                 hello\n\n**Alice** · {clock}\n\n*(no text)*\n\n## {next}\n\n**Alice** · \
                 {next_clock}\n\ntwo\\\nlines\n\nand a paragraph\n"
            )
        );
    }

    #[test]
    fn what_looks_like_markdown_stays_text() {
        for (text, shown) in [
            ("# Title", "\\# Title"),
            ("Title\n===", "Title\\\n\\==="),
            ("---\ntitle: x\n---", "\\---\\\ntitle: x\\\n\\---"),
            ("> quoted", "\\> quoted"),
            ("1. one\n2) two", "1\\. one\\\n2\\) two"),
            ("- a\n+ b\n* c", "\\- a\\\n\\+ b\\\n\\* c"),
            ("```\ncode", "\\`\\`\\`\\\ncode"),
            ("~~~\ncode", "\\~\\~\\~\\\ncode"),
            (
                "    code\n\tcode",
                "\u{a0}\u{a0}\u{a0}\u{a0}code\\\n\u{a0}\u{a0}\u{a0}\u{a0}code",
            ),
            (
                "<script>x</script>\n<!-- ",
                "\\<script\\>x\\</script\\>\\\n\\<!--",
            ),
            ("[x]: http://e\n[x]", "\\[x\\]: http://e\\\n\\[x\\]"),
            ("![p](u) &amp; **b**", "!\\[p\\](u) \\&amp; \\*\\*b\\*\\*"),
            ("a | b\n-|-", "a \\| b\\\n\\-\\|-"),
            ("snake_case _it_ 3.5", "snake_case \\_it\\_ 3.5"),
            ("ends with \\\nnext", "ends with \\\\\\\nnext"),
            ("ends with \\\n\nnext", "ends with \\\\\n\nnext"),
            ("\r\n a\rb \r\n\r\n", "\u{a0}a\\\nb"),
            ("a\u{0}b", "a\u{fffd}b"),
            (" \n \n", ""),
        ] {
            assert_eq!(literal(text), shown, "{text:?}");
        }
        assert_eq!(line("two\n# lines"), "two \\# lines");
    }

    #[test]
    fn what_is_missing_and_what_was_not_sent_is_said() {
        let key = |hours| MessageKey {
            at: moment().plus(std::time::Duration::from_hours(hours)),
            id: message("").id,
        };
        let mut trip = session("Trip");
        trip.gaps = vec![Gap {
            after: None,
            before: Some(key(1)),
        }];
        let state = OwnState::Failed(FailReason {
            code: "rules".to_owned(),
            message: "Not allowed.".to_owned(),
        });
        let mut edited = message("old");
        edited.unsent = Some(UnsentMessageChange {
            change: MessageChange::Edit("# new".to_owned()),
            state,
        });
        let mut queued = message("fresh");
        queued.unsent = Some(UnsentMessageChange {
            change: MessageChange::New,
            state: OwnState::Queued,
        });
        let text = written(|markdown| {
            markdown.begin(&trip).unwrap();
            markdown.row(&edited).unwrap();
            markdown.row(&queued).unwrap();
        });
        let before = format!("- before {}\n", super::moment(key(1).at));
        assert!(
            text.contains("**Not all of this session is here.**"),
            "{text}"
        );
        assert!(text.contains(&before), "{text}");
        assert!(
            text.contains("old\n\n*Changed here, not sent, Not allowed:*\n\n\\# new\n"),
            "{text}"
        );
        assert!(text.contains(" · not sent yet\n\nfresh\n"), "{text}");
        let german = written_in(Language::German, |markdown| {
            markdown.begin(&trip).unwrap();
            markdown.row(&edited).unwrap();
            markdown.row(&message("")).unwrap();
        });
        let before = format!("- vor {}\n", super::moment(key(1).at));
        for part in [
            "*Exportiert aus Local",
            "**Diese Unterhaltung ist nicht vollständig.**",
            &before,
            "*Hier geändert, nicht gesendet, Not allowed:*",
            "*(kein Text)*",
        ] {
            assert!(german.contains(part), "{part} in {german}");
        }
    }
}
