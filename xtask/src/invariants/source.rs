//! Rust source without what a rule is not about: comments, texts, tests.

/// The code alone: comments, strings and character literals become spaces, lines stay in place.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at + 1),
            b'r' if !is_word(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'\'' => character_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Blanks the items behind `#[cfg(test)]` in code that `code` made.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    while let Some(start) = out.find(MARK) {
        let end = start + item_end(&out[start..]);
        let blank: String = out[start..end]
            .chars()
            .map(|each| if each == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Where the item ends: at its closing brace, or at the semicolon that comes before any brace.
fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| from + at)
}

fn block_comment_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"…"` or `r#"…"#` with as many signs as there are.
fn raw_string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let signs = bytes[from + 1..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let open = from + 1 + signs;
    (bytes.get(open) == Some(&b'"')).then_some(())?;
    let close: Vec<u8> = [vec![b'"'], vec![b'#'; signs]].concat();
    let found = bytes[open + 1..]
        .windows(close.len())
        .position(|window| window == close);
    Some(found.map_or(bytes.len(), |at| open + 1 + at + close.len()))
}

/// The end of a character literal; nothing where the quote begins a lifetime.
fn character_end(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes.get(from + 1) == Some(&b'\\') {
        let close = bytes[from + 3..].iter().position(|byte| *byte == b'\'')?;
        return Some(from + 3 + close + 1);
    }
    let text = std::str::from_utf8(&bytes[from + 1..(from + 6).min(bytes.len())]);
    let valid =
        text.or_else(|error| std::str::from_utf8(&bytes[from + 1..from + 1 + error.valid_up_to()]));
    let length = valid.ok()?.chars().next()?.len_utf8();
    (bytes.get(from + 1 + length) == Some(&b'\'')).then_some(from + 2 + length)
}

/// Whether the byte before belongs to the same word.
fn is_word(bytes: &[u8], at: usize) -> bool {
    bytes[..at]
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_no_code() {
        let text = "let a = \"f64 \\\" unwrap()\"; // f64\n/* f64 /* f64 */ */ let b: f32 = 1.0;\n\
                    let c = r#\"f64 \" \"#; let d: &'a str = '\"'; let e = '\\''; let g = 'ä'; f64";
        let code = code(text);
        assert_eq!(code.matches("f64").count(), 1);
        assert!(code.ends_with("f64"));
        assert!(code.contains("f32"));
        assert!(code.contains("&'a str"));
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn test_items_are_left_out_and_what_stands_below_stays() {
        let text = "fn a() { x }\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n fn b() { y }\n}\n\
                    #[cfg(test)]\nuse z;\nfn helper() { kept }\n";
        let rest = without_tests(&code(text));
        assert!(rest.contains('x') && rest.contains("kept"));
        assert!(!rest.contains('y') && !rest.contains('z') && !rest.contains("mod"));
    }
}
