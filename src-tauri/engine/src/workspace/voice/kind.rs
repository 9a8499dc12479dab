//! What a file is, by its first bytes. What a server says of it was chosen by whoever stored it.

/// The audio type of a file, `None` for everything that is no audio.
pub(super) fn of(content: &[u8]) -> Option<&'static str> {
    let at = |from: usize, magic: &[u8]| content.get(from..).is_some_and(|c| c.starts_with(magic));
    let kind = if at(0, b"OggS") {
        "audio/ogg"
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        "audio/wav"
    } else if at(4, b"ftyp") {
        "audio/mp4"
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        "audio/webm"
    } else if at(0, b"fLaC") {
        "audio/flac"
    } else if at(0, b"ID3") {
        "audio/mpeg"
    } else if at(0, b"#!AMR") {
        "audio/amr"
    } else if at(0, b"caff") {
        "audio/x-caf"
    } else if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        "audio/aiff"
    } else {
        return frame(content);
    };
    Some(kind)
}

/// A stream without a head: its first frame begins with eleven ones.
fn frame(content: &[u8]) -> Option<&'static str> {
    let [0xff, second, third, ..] = content else {
        return None;
    };
    if second & 0xf6 == 0xf0 {
        return Some("audio/aac");
    }
    let version = (second >> 3) & 3;
    let layer = (second >> 1) & 3;
    let (bit_rate, sampling) = (third >> 4, (third >> 2) & 3);
    let sound = second & 0xe0 == 0xe0 && version != 1 && layer != 0;
    (sound && bit_rate != 15 && sampling != 3).then_some("audio/mpeg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_known_by_its_first_bytes() {
        for (content, kind) in [
            (&b"OggS\0\x02"[..], "audio/ogg"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
            (b"\x1a\x45\xdf\xa3\x01", "audio/webm"),
            (b"fLaC\0", "audio/flac"),
            (b"ID3\x04", "audio/mpeg"),
            (b"\xff\xfb\x90\x00", "audio/mpeg"),
            (b"\xff\xf1\x50\x80", "audio/aac"),
            (b"#!AMR\n", "audio/amr"),
        ] {
            assert_eq!(of(content), Some(kind), "{content:?}");
        }
    }

    #[test]
    fn what_is_no_audio_is_none_whatever_it_is_called() {
        for content in [
            &b""[..],
            b"O",
            b"<!doctype html><script>alert(1)</script>",
            b"#EXTM3U\nhttps://evil.example/a.ts",
            b"{\"statusCode\":\"404\"}",
            b"RIFF\x24\0\0\0AVI LIST",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"\xff\xff\xff\xff",
            b"MZ\x90\0",
            b"%PDF-1.7",
        ] {
            assert_eq!(of(content), None, "{content:?}");
        }
    }
}
