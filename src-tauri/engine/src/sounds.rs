//! What notifications sound like: two sounds that are computed here, and a file of the user's.

use std::f64::consts::TAU;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tidings_contract::{Sound, SoundProblem};

use crate::error::{EngineError, Result};
use crate::host::Play;

/// Bytes of a file of the user's.
const OWN_MAX: usize = 2 << 20;
/// Samples a second.
const RATE: u32 = 44_100;
/// Loudness of a built-in sound, of 1.
const PEAK: f64 = 0.4;
/// Name of the user's file; its ending says what it holds.
const OWN: &str = "own";

/// One note of a built-in sound.
struct Note {
    /// Seconds until it begins.
    at: f64,
    /// Hertz.
    pitch: f64,
    /// Seconds in which it falls to a third.
    fade: f64,
}

const CHIME: &[Note] = &[
    Note {
        at: 0.0,
        pitch: 659.26,
        fade: 0.16,
    },
    Note {
        at: 0.14,
        pitch: 987.77,
        fade: 0.24,
    },
];
const KNOCK: &[Note] = &[
    Note {
        at: 0.0,
        pitch: 196.0,
        fade: 0.05,
    },
    Note {
        at: 0.11,
        pitch: 164.81,
        fade: 0.07,
    },
];

/// The directory of sound files.
#[derive(Debug, Clone)]
pub(crate) struct Sounds(PathBuf);

impl Sounds {
    pub fn in_directory(data_dir: &Path) -> Self {
        Self(data_dir.join("sounds"))
    }

    /// What to play for a choice; another sound where the chosen one is not to be had, and why.
    pub fn play(&self, sound: &Sound) -> (Play, Option<SoundProblem>) {
        let (built_in, problem) = match sound {
            Sound::None => return (Play::Silent, None),
            Sound::Chime => (CHIME, None),
            Sound::Knock => (KNOCK, None),
            Sound::Own { .. } => match self.own() {
                Ok(path) => return (Play::File(path), None),
                Err(problem) => (CHIME, Some(problem)),
            },
        };
        let name = if matches!(sound, Sound::Knock) {
            "knock.wav"
        } else {
            "chime.wav"
        };
        match self.written(name, built_in) {
            Ok(path) => (Play::File(path), problem),
            Err(error) => {
                tracing::warn!(%error, "a sound could not be written");
                (Play::Silent, problem)
            }
        }
    }

    /// Keeps a file as the user's own sound. The one before it stays when this one is refused.
    pub fn keep_own(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > OWN_MAX {
            return Err(EngineError::Invalid(format!(
                "A sound has {} MiB at most. The one before stays.",
                OWN_MAX >> 20
            )));
        }
        let Some(kind) = kind(bytes) else {
            return Err(EngineError::Invalid(
                "This file holds no sound: WAV, Ogg, FLAC and MP3 do. The one before stays."
                    .to_owned(),
            ));
        };
        let path = self.0.join(format!("{OWN}.{kind}"));
        let fresh = self.0.join(format!("{OWN}.new"));
        let keep = || -> std::io::Result<()> {
            fs::create_dir_all(&self.0)?;
            fs::write(&fresh, bytes)?;
            for before in self.own_files() {
                fs::remove_file(before)?;
            }
            fs::rename(&fresh, &path)
        };
        keep().map_err(|source| EngineError::File {
            path: path.clone(),
            source,
        })
    }

    /// Removes the user's file.
    pub fn forget_own(&self) {
        for file in self.own_files() {
            if let Err(error) = fs::remove_file(file) {
                tracing::warn!(%error, "an own sound was not removed");
            }
        }
    }

    fn own(&self) -> std::result::Result<PathBuf, SoundProblem> {
        let path = self.own_files().pop().ok_or(SoundProblem::Gone)?;
        let mut head = [0; 12];
        let mut file = fs::File::open(&path).map_err(|_| SoundProblem::Gone)?;
        // One that is shorter than its head is none.
        file.read_exact(&mut head)
            .map_err(|_| SoundProblem::NoSound)?;
        kind(&head).map(|_| path).ok_or(SoundProblem::NoSound)
    }

    fn own_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_stem().is_some_and(|stem| stem == OWN)
                    && path.extension().is_some_and(|ending| ending != "new")
            })
            .collect()
    }

    /// The file of a built-in sound, written when it is not there as it should be.
    fn written(&self, name: &str, notes: &[Note]) -> std::io::Result<PathBuf> {
        let path = self.0.join(name);
        let wave = wave(notes);
        let there = fs::metadata(&path).map_or(0, |found| found.len());
        if usize::try_from(there) != Ok(wave.len()) {
            fs::create_dir_all(&self.0)?;
            fs::write(&path, wave)?;
        }
        Ok(path)
    }
}

/// The usual ending of a file of sound, by how it begins.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some("wav"),
        [b'O', b'g', b'g', b'S', ..] => Some("ogg"),
        [b'f', b'L', b'a', b'C', ..] => Some("flac"),
        // With a tag in front, or beginning with a frame.
        [b'I', b'D', b'3', ..] | [0xff, 0xe2..=0xff, ..] => Some("mp3"),
        _ => None,
    }
}

/// A sound as a file: RIFF WAVE, 16 bit, mono.
fn wave(notes: &[Note]) -> Vec<u8> {
    let samples = samples(notes);
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(samples.len() * 2 + 44);
    file.extend(b"RIFF");
    file.extend((bytes + 36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.into_iter().flat_map(i16::to_le_bytes));
    file
}

/// Sines that begin softly and fade, each with a quiet octave above.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a sample within 16 bits, of less than a million"
)]
fn samples(notes: &[Note]) -> Vec<i16> {
    const ATTACK: f64 = 0.004;
    /// A note is not heard any more after this many of its fades.
    const HEARD: f64 = 6.0;
    let ends = notes.iter().map(|note| note.at + note.fade * HEARD);
    let count = (ends.fold(0.0, f64::max) * f64::from(RATE)) as usize;
    let sample = |index: usize| {
        let time = index as f64 / f64::from(RATE);
        let sound: f64 = notes
            .iter()
            .filter(|note| time >= note.at)
            .map(|note| {
                let since = time - note.at;
                let swell = (since / ATTACK).min(1.0) * (-since / note.fade).exp();
                let wave = (TAU * note.pitch * since).sin();
                swell * (wave + 0.2 * (2.0 * TAU * note.pitch * since).sin()) / 1.2
            })
            .sum();
        (sound.clamp(-1.0, 1.0) * PEAK * f64::from(i16::MAX)) as i16
    };
    (0..count).map(sample).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn own() -> Sound {
        Sound::Own {
            name: "mine.wav".to_owned(),
        }
    }

    #[test]
    fn the_built_in_sounds_are_short_and_neither_silent_nor_cut_off() {
        for notes in [CHIME, KNOCK] {
            let file = wave(notes);
            assert_eq!(kind(&file), Some("wav"));
            let samples = samples(notes);
            assert_eq!(file.len(), samples.len() * 2 + 44);
            assert!(samples.len() < 2 * RATE as usize);
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
            assert!((4_000..14_000).contains(&loudest.unwrap()), "{loudest:?}");
            // It has faded when it ends, and begins from nothing.
            assert!(samples.last().unwrap().unsigned_abs() < 200);
            assert_eq!(samples[0], 0);
        }
    }

    #[test]
    fn a_built_in_sound_is_written_where_it_is_missing_or_cut_short() {
        let directory = tempfile::tempdir().unwrap();
        let sounds = Sounds::in_directory(directory.path());
        let (Play::File(path), None) = sounds.play(&Sound::Knock) else {
            panic!("no file")
        };
        let whole = fs::read(&path).unwrap();
        fs::write(&path, b"RIFF").unwrap();
        sounds.play(&Sound::Knock);
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert_eq!(sounds.play(&Sound::None), (Play::Silent, None));
    }

    #[test]
    fn an_own_file_is_kept_and_another_sound_played_when_it_is_gone_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let sounds = Sounds::in_directory(directory.path());
        let (chime, _) = sounds.play(&Sound::Chime);
        assert_eq!(
            sounds.play(&own()),
            (chime.clone(), Some(SoundProblem::Gone))
        );
        assert!(sounds.keep_own(b"no sound at all").is_err());
        sounds.keep_own(&wave(KNOCK)).unwrap();
        let (Play::File(path), None) = sounds.play(&own()) else {
            panic!("not played")
        };
        assert_eq!(fs::read(&path).unwrap(), wave(KNOCK));
        // Another one takes its place; one that is refused does not.
        sounds.keep_own(b"OggS and so on, long enough").unwrap();
        assert!(!path.exists());
        assert!(sounds.keep_own(&vec![0; OWN_MAX + 1]).is_err());
        let (Play::File(path), None) = sounds.play(&own()) else {
            panic!("not played")
        };
        fs::write(&path, b"<html>not a sound").unwrap();
        assert_eq!(sounds.play(&own()), (chime, Some(SoundProblem::NoSound)));
    }
}
