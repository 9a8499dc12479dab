//! What is surely on the disk, and what only looks so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Counts;
use crate::fate::{Fate, SECTOR};

/// Bytes of a log's index that SQLite asks for at once.
const INDEX_PIECE: u64 = 32 * 1024;

/// What the disk answers to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The power is away.
    Dead,
    /// No room.
    Full,
    /// Nothing may be written.
    ReadOnly,
}

/// Something written that no sync has followed.
#[derive(Debug)]
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A file, whatever its name.
#[derive(Debug, Default)]
struct Node {
    synced: Vec<u8>,
    pending: Vec<Pending>,
    /// How long it is for whoever reads it now.
    length: usize,
}

impl Node {
    fn on_disk(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len(),
            synced: bytes,
            pending: Vec::new(),
        }
    }

    /// As whoever reads it now sees it.
    fn seen(&self) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for step in &self.pending {
            apply(&mut bytes, step, Fate::Kept);
        }
        bytes
    }

    fn sync(&mut self) {
        for step in self.pending.drain(..) {
            apply(&mut self.synced, &step, Fate::Kept);
        }
    }
}

fn apply(file: &mut Vec<u8>, step: &Pending, fate: Fate) {
    match step {
        Pending::Length(length) => {
            if fate.keeps(0) {
                file.resize(*length, 0);
            }
        }
        Pending::Write { at, bytes } => {
            for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                if fate.keeps(index) {
                    let start = at + index * SECTOR;
                    let end = start + sector.len();
                    if file.len() < end {
                        file.resize(end, 0);
                    }
                    file[start..end].copy_from_slice(sector);
                }
            }
        }
    }
}

/// A name made (for a node) or deleted.
#[derive(Debug)]
struct Renaming {
    path: PathBuf,
    node: Option<usize>,
}

/// The disk below one folder.
#[derive(Debug)]
pub(crate) struct Model {
    root: PathBuf,
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    renamings: Vec<Renaming>,
    open: usize,
    pub dead: bool,
    pub fuse: Option<u64>,
    pub capacity: Option<u64>,
    pub read_only: bool,
    pub counts: Counts,
}

impl Model {
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            nodes: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            renamings: Vec::new(),
            open: 0,
            dead: false,
            fuse: None,
            capacity: None,
            read_only: false,
            counts: Counts::default(),
        }
    }

    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    /// A file is about to be opened: whether it may be, and whether for writing.
    pub fn opening(&self, created: bool) -> Result<bool, Refusal> {
        self.reading()?;
        if self.read_only && created {
            return Err(Refusal::ReadOnly);
        }
        Ok(!self.read_only)
    }

    /// A file was opened, maybe just made.
    pub fn opened(&mut self, path: &Path, created: bool) -> io::Result<usize> {
        let bytes = fs::read(path)?;
        self.open += 1;
        if let Some(node) = self.names.get(path).copied()
            && !created
            && self.nodes[node].seen() == bytes
        {
            return Ok(node);
        }
        // New, or put there by somebody who passed by the disk.
        self.nodes.push(Node::on_disk(bytes));
        let node = self.nodes.len() - 1;
        self.names.insert(path.to_owned(), node);
        if created {
            self.renamings.push(Renaming {
                path: path.to_owned(),
                node: Some(node),
            });
        } else {
            self.synced_names.insert(path.to_owned(), node);
        }
        Ok(node)
    }

    pub fn closed(&mut self) {
        self.open -= 1;
    }

    pub fn reading(&self) -> Result<(), Refusal> {
        if self.dead {
            return Err(Refusal::Dead);
        }
        Ok(())
    }

    /// Bytes are about to be written.
    pub fn writing(&mut self, node: usize, at: usize, length: usize) -> Result<(), Refusal> {
        self.step()?;
        let growth = (at + length).saturating_sub(self.nodes[node].length);
        if growth > 0 && !self.has_room(growth as u64) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    pub fn wrote(&mut self, node: usize, at: usize, bytes: &[u8]) {
        self.counts.writes += 1;
        let node = &mut self.nodes[node];
        node.length = node.length.max(at + bytes.len());
        node.pending.push(Pending::Write {
            at,
            bytes: bytes.to_vec(),
        });
    }

    /// A length is about to be changed, a file or its folder to be synced, a name to be deleted.
    pub fn step(&mut self) -> Result<(), Refusal> {
        if let Some(fuse) = &mut self.fuse {
            match fuse.checked_sub(1) {
                Some(left) => *fuse = left,
                None => self.dead = true,
            }
        }
        self.reading()?;
        if self.read_only {
            return Err(Refusal::ReadOnly);
        }
        Ok(())
    }

    /// The index of a log is about to be mapped up to a length.
    pub fn mapping(&self, database: &Path, length: u64) -> Result<(), Refusal> {
        self.reading()?;
        let mut index = database.as_os_str().to_owned();
        index.push("-shm");
        let there = fs::metadata(PathBuf::from(index)).map_or(0, |found| found.len());
        if there < length && self.read_only {
            return Err(Refusal::ReadOnly);
        }
        if there < length && !self.has_room(INDEX_PIECE) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    pub fn set_length(&mut self, node: usize, length: usize) {
        self.counts.writes += 1;
        self.nodes[node].length = length;
        self.nodes[node].pending.push(Pending::Length(length));
    }

    pub fn synced(&mut self, node: usize, with_folder: bool) {
        self.counts.syncs += 1;
        self.nodes[node].sync();
        if with_folder {
            self.folder_synced();
        }
    }

    pub fn deleted(&mut self, path: &Path, with_folder: bool) {
        if self.names.remove(path).is_some() {
            self.renamings.push(Renaming {
                path: path.to_owned(),
                node: None,
            });
        }
        if with_folder {
            self.folder_synced();
        }
    }

    fn folder_synced(&mut self) {
        self.renamings.clear();
        self.synced_names.clone_from(&self.names);
    }

    pub fn used(&self) -> u64 {
        let lengths = self.names.values().map(|node| self.nodes[*node].length);
        lengths.sum::<usize>() as u64
    }

    fn has_room(&self, growth: u64) -> bool {
        self.capacity
            .is_none_or(|capacity| self.used() + growth <= capacity)
    }

    /// Leaves on the disk what the power cut may have left.
    pub fn restore(&mut self, mut fate: impl FnMut() -> Fate) -> io::Result<()> {
        if self.open > 0 {
            return Err(io::Error::other(format!("{} files are open", self.open)));
        }
        for node in &mut self.nodes {
            for step in std::mem::take(&mut node.pending) {
                apply(&mut node.synced, &step, fate());
            }
            node.length = node.synced.len();
        }
        // A folder's changes are in its journal in their order: what follows a lost one is lost.
        let mut left = self.synced_names.clone();
        for renaming in std::mem::take(&mut self.renamings) {
            if !fate().keeps(0) {
                break;
            }
            match renaming.node {
                Some(node) => left.insert(renaming.path, node),
                None => left.remove(&renaming.path),
            };
        }
        for path in self.names.keys().filter(|path| !left.contains_key(*path)) {
            remove(path)?;
        }
        for (path, node) in &left {
            fs::write(path, &self.nodes[*node].synced)?;
            // The index of a log is memory: nothing of it is written on purpose.
            let mut index = OsString::from(path);
            index.push("-shm");
            remove(Path::new(&index))?;
        }
        self.names.clone_from(&left);
        self.synced_names = left;
        self.dead = false;
        self.fuse = None;
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
