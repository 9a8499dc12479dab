//! Sound for voice messages.

/// The shortest header of a WAV, and `size` bytes of silence: 8,000 a second.
#[must_use]
pub fn wav(size: u32) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8000_u32.to_le_bytes());
    file.extend(8000_u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(size.to_le_bytes());
    file.extend((0..size).map(|_| 128));
    file
}
