//! The layer itself: SQLite's table of C functions, each of which asks the model and then the
//! system's own.
//!
//! Why the `unsafe` here is sound: SQLite calls these functions as its documentation says
//! (<https://www.sqlite.org/c3ref/io_methods.html>, <https://www.sqlite.org/c3ref/vfs.html>), with
//! memory of `szOsFile` bytes for each file, which begins with [`File`] and ends with the file of
//! the system's VFS; from a successful `xOpen` to `xClose` both are initialised, and one thread at
//! a time uses them. No panic crosses into C: what is called here does not panic on any input that
//! SQLite gives, and `extern "C"` ends the process rather than unwind.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::{io, ptr};

use rusqlite::ffi;

use crate::Shared;
use crate::model::Refusal;

/// An open file of a mounted folder, at the start of the memory that SQLite gives.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// What the layer knows of it.
struct Handle {
    disk: Arc<Shared>,
    path: PathBuf,
    node: usize,
    /// A new log: its first sync is its folder's as well.
    syncs_folder: bool,
}

/// The VFS of the system, which does the work. It lives as long as the process.
struct System(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite allows its VFS objects to be used from every thread.
unsafe impl Send for System {}
// SAFETY: as above; nothing here changes it.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<System> = OnceLock::new();
static MOUNTED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Makes the layer SQLite's default, once, and puts a disk into it.
pub(crate) fn mount(disk: &Arc<Shared>) -> io::Result<()> {
    let mut mounted = MOUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    if SYSTEM.get().is_none() {
        // SAFETY: a null name asks for the default; SQLite initialises itself.
        let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        if system.is_null() {
            return Err(io::Error::other("SQLite has no default VFS"));
        }
        // SAFETY: it points to the default VFS, which is never freed.
        let mut layer = unsafe { *system };
        layer.szOsFile += size();
        layer.zName = c"tidings-disk".as_ptr();
        layer.pNext = ptr::null_mut();
        layer.xOpen = Some(open);
        layer.xDelete = Some(delete);
        // What is left are functions of the system's that need only the rest of the struct.
        let _ = SYSTEM.set(System(system));
        // SAFETY: the box is leaked, so it lives as long as SQLite may use it.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(layer)), 1) };
        if code != ffi::SQLITE_OK {
            return Err(io::Error::other(format!("SQLite refused the VFS: {code}")));
        }
    }
    mounted.retain(|disk| disk.strong_count() > 0);
    mounted.push(Arc::downgrade(disk));
    Ok(())
}

/// Bytes before the system's file.
const fn size() -> c_int {
    // A pointer and a pointer; far below the greatest c_int.
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    {
        size_of::<File>() as c_int
    }
}

fn disk_of(path: &Path) -> Option<Arc<Shared>> {
    let mounted = MOUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut disks = mounted.iter().filter_map(Weak::upgrade);
    disks.find(|disk| disk.model().holds(path))
}

/// The path that SQLite names.
///
/// # Safety
/// `name` is null or a text that ends with a zero byte.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().map_or(ptr::null_mut(), |system| system.0)
}

/// The system's file behind ours.
fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    file.cast::<File>().wrapping_add(1).cast()
}

/// Calls a function of the system's file.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let real = real($file);
        // SAFETY: an open file has its methods, and the system's VFS has all that are asked for.
        match unsafe { (*(*real).pMethods).$method } {
            // SAFETY: SQLite's own arguments, handed on.
            Some(call) => unsafe { call(real $(, $argument)*) },
            None => ffi::SQLITE_IOERR,
        }
    }};
}

/// # Safety
/// `file` is open.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: set by `open`, freed by `close`, used by one thread at a time.
    unsafe { &mut *(*file.cast::<File>()).handle }
}

fn code(refusal: Refusal, when_dead: c_int) -> c_int {
    match refusal {
        Refusal::Dead => when_dead,
        Refusal::Full => ffi::SQLITE_FULL,
        // As the system answers for a file that was open when the disk was remounted.
        Refusal::ReadOnly => ffi::SQLITE_IOERR_WRITE,
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    mut flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: there is one since the layer is registered.
    let Some(open_real) = (unsafe { (*system()).xOpen }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    // SAFETY: SQLite gives a name or null.
    let path = unsafe { path_of(name) };
    let found = path.and_then(|path| disk_of(&path).map(|disk| (path, disk)));
    let Some((path, disk)) = found else {
        // SAFETY: the memory is larger than the system's file needs.
        return unsafe { open_real(system(), name, file, flags, out) };
    };
    // SAFETY: the memory is ours; null methods say that it is not open.
    unsafe { (*file).pMethods = ptr::null() };
    let created = flags & ffi::SQLITE_OPEN_CREATE != 0 && !path.exists();
    match disk.model().opening(created) {
        Ok(true) => {}
        Ok(false) => {
            flags &= !(ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE);
            flags |= ffi::SQLITE_OPEN_READONLY;
        }
        Err(_) => return ffi::SQLITE_CANTOPEN,
    }
    // SAFETY: the memory behind ours is the system's.
    let result = unsafe { open_real(system(), name, real(file), flags, out) };
    if result != ffi::SQLITE_OK {
        return result;
    }
    let opened = disk.model().opened(&path, created);
    let Ok(node) = opened else {
        pass!(file, xClose);
        return ffi::SQLITE_CANTOPEN;
    };
    let log = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
    let handle = Box::new(Handle {
        disk,
        path,
        node,
        syncs_folder: created && flags & log != 0,
    });
    // SAFETY: the memory is at least as large as a `File`.
    unsafe {
        (*file.cast::<File>()).handle = Box::into_raw(handle);
        (*file).pMethods = &raw const METHODS;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a name.
    let path = unsafe { path_of(name) };
    let disk = path.as_deref().and_then(disk_of);
    if let Some(disk) = &disk
        && let Err(refusal) = disk.model().step()
    {
        return code(refusal, ffi::SQLITE_IOERR_DELETE);
    }
    // SAFETY: there is one since the layer is registered.
    let Some(delete_real) = (unsafe { (*system()).xDelete }) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    // SAFETY: SQLite's own arguments, handed on.
    let result = unsafe { delete_real(system(), name, sync_folder) };
    if let (Some(path), Some(disk), ffi::SQLITE_OK) = (path, disk, result) {
        disk.model().deleted(&path, sync_folder != 0);
    }
    result
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let result = pass!(file, xClose);
    // SAFETY: made by `open`, and taken back once.
    let handle = unsafe { Box::from_raw((*file.cast::<File>()).handle) };
    handle.disk.model().closed();
    result
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    if unsafe { handle(file) }.disk.model().reading().is_err() {
        return ffi::SQLITE_IOERR_READ;
    }
    pass!(file, xRead, into, length, at)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    let handle = unsafe { handle(file) };
    let (Ok(start), Ok(count)) = (usize::try_from(at), usize::try_from(length)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    let mut model = handle.disk.model();
    if let Err(refusal) = model.writing(handle.node, start, count) {
        return code(refusal, ffi::SQLITE_IOERR_WRITE);
    }
    let result = pass!(file, xWrite, from, length, at);
    if result == ffi::SQLITE_OK {
        // SAFETY: SQLite gives that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) };
        model.wrote(handle.node, start, bytes);
    }
    result
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let handle = unsafe { handle(file) };
    let mut model = handle.disk.model();
    if let Err(refusal) = model.step() {
        return code(refusal, ffi::SQLITE_IOERR_TRUNCATE);
    }
    let result = pass!(file, xTruncate, length);
    if let (ffi::SQLITE_OK, Ok(length)) = (result, usize::try_from(length)) {
        model.set_length(handle.node, length);
    }
    result
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    let handle = unsafe { handle(file) };
    let mut model = handle.disk.model();
    if let Err(refusal) = model.step() {
        return code(refusal, ffi::SQLITE_IOERR_FSYNC);
    }
    // The system need not sync: the power that fails is the model's.
    model.synced(handle.node, std::mem::take(&mut handle.syncs_folder));
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    length: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    if unsafe { handle(file) }.disk.model().reading().is_err() {
        return ffi::SQLITE_IOERR_FSTAT;
    }
    pass!(file, xFileSize, length)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, out)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(file, xFileControl, operation, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    piece: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let handle = unsafe { handle(file) };
    let length = (u64::from(piece.unsigned_abs()) + 1) * u64::from(size.unsigned_abs());
    let mapping = handle.disk.model().mapping(&handle.path, length);
    match mapping {
        Err(Refusal::Full) if extend != 0 => ffi::SQLITE_IOERR_SHMSIZE,
        Err(Refusal::ReadOnly) if extend != 0 => ffi::SQLITE_CANTOPEN,
        Err(Refusal::Dead) => ffi::SQLITE_IOERR_SHMMAP,
        _ => pass!(file, xShmMap, piece, size, extend, out),
    }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(file, xShmLock, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    let real = real(file);
    // SAFETY: an open file has its methods.
    if let Some(call) = unsafe { (*(*real).pMethods).xShmBarrier } {
        // SAFETY: the system's file.
        unsafe { call(real) };
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}

/// Version 2: with the index of a log, without files mapped into memory, which pass by the model.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
