// SPDX-License-Identifier: GPL-2.0

//! Files in `/proc/net` of a namespace: pages, and lists that are shown line by line.
//!
//! C headers: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h),
//! [`include/linux/seq_file_net.h`](srctree/include/linux/seq_file_net.h)

use super::{bindings, net::Net, sock::Sk};
use core::{
    ffi::{c_void, CStr},
    marker::PhantomData,
    mem::size_of,
};
use kernel::{
    fmt,
    prelude::*,
    seq_file::SeqFile,
    str::CStrExt,
    sync::{Arc, ArcBorrow},
};

/// What a file shows at once.
pub(crate) trait Page: 'static {
    fn show(net: &Net, out: &Output);
}

/// What a file shows line by line, below a header.
pub(crate) trait List: 'static {
    /// What a line is about.
    type Subject: Send + Sync + 'static;
    /// How far a reader has come. Zeroes are the beginning.
    type Position: Copy + Zeroable;

    /// The first line.
    const HEADER: &'static str;

    /// What comes after `at`, which goes on to there. What comes and goes meanwhile may be in the
    /// list or not, and everything else is in it once.
    fn next(net: &Net, at: &mut Self::Position) -> Option<Arc<Self::Subject>>;

    /// Nothing is shown of what has gone meanwhile.
    fn show(subject: ArcBorrow<'_, Self::Subject>, out: &Output);
}

/// Where a file's text goes.
///
/// # Invariants
///
/// The pointer is a `seq_file` that is being shown.
pub(crate) struct Output(*mut bindings::seq_file);

impl Output {
    pub(crate) fn print(&self, text: fmt::Arguments<'_>) {
        // SAFETY: By the type invariant; who shows it has it for himself.
        unsafe { SeqFile::from_raw(self.0.cast()) }.call_printf(text);
    }

    /// Two addresses of memory, in what form the administrator allows.
    pub(crate) fn print_pointers<T>(&self, a: *const T, b: *const bindings::sock) {
        let format = c"%8pK %8pK ".as_char_ptr();
        // SAFETY: By the type invariant, and the arguments fit the format.
        unsafe { bindings::seq_printf(self.0, format, a.cast::<c_void>(), b.cast::<c_void>()) };
    }

    /// Whose socket it is, as the reader knows the user.
    pub(crate) fn uid(&self, sk: &Sk) -> u32 {
        // SAFETY: Both are valid.
        unsafe { bindings::sctp_helper_seq_uid(self.0, sk.as_ptr()) }
    }
}

/// What is known of a reader, in the form that the C side allocates, of zeroes.
#[repr(C)]
struct Reader<P> {
    net: bindings::seq_net_private,
    /// The number of the line that is being shown; 0 is the header.
    index: bindings::loff_t,
    /// What that line comes after, and what the next one does.
    before: P,
    at: P,
}

/// A line that is not one of the list's: `SEQ_START_TOKEN`.
const HEADER: *mut c_void = core::ptr::without_provenance_mut(1);

/// The callbacks for a list.
struct Callbacks<T>(PhantomData<T>);

impl<T: List> Callbacks<T> {
    const TABLE: bindings::seq_operations = bindings::seq_operations {
        start: Some(Self::start),
        stop: Some(Self::stop),
        next: Some(Self::next),
        show: Some(Self::show),
    };

    /// The line of this number. It is the one that was asked for last, or the next one, unless the
    /// reader has gone elsewhere.
    ///
    /// # Safety
    ///
    /// `seq` is a reader of this list, and the caller is one of its callbacks.
    unsafe fn line(seq: *mut bindings::seq_file, index: bindings::loff_t) -> *mut c_void {
        // SAFETY: The file is open, and keeps its namespace.
        let net = unsafe { Net::from_raw(bindings::sctp_helper_seq_net(seq)) };
        // SAFETY: `seq` is valid.
        let private = unsafe { bindings::sctp_helper_seq_private(seq) };
        // SAFETY: That is what it was made with; the C side calls back one at a time.
        let reader = unsafe { &mut *private.cast::<Reader<T::Position>>() };
        if index == reader.index {
            reader.at = reader.before;
        } else if index != reader.index.wrapping_add(1) {
            reader.at = Zeroable::zeroed();
            for _ in 1..index {
                if T::next(&net, &mut reader.at).is_none() {
                    break;
                }
            }
        }
        reader.index = index;
        reader.before = reader.at;
        if index == 0 {
            return HEADER;
        }
        match T::next(&net, &mut reader.at) {
            Some(subject) => Arc::into_raw(subject).cast_mut().cast(),
            None => core::ptr::null_mut(),
        }
    }

    /// # Safety
    ///
    /// Only the C side calls this, through the table it stands in, with what belongs there.
    unsafe extern "C" fn start(
        seq: *mut bindings::seq_file,
        index: *mut bindings::loff_t,
    ) -> *mut c_void {
        // SAFETY: By this function's requirements.
        unsafe { Self::line(seq, *index) }
    }

    /// # Safety
    ///
    /// Only the C side calls this, through the table it stands in, with what belongs there.
    unsafe extern "C" fn next(
        seq: *mut bindings::seq_file,
        line: *mut c_void,
        index: *mut bindings::loff_t,
    ) -> *mut c_void {
        // SAFETY: As above. The line is given back.
        unsafe { Self::stop(seq, line) };
        // SAFETY: As above.
        unsafe { *index = (*index).wrapping_add(1) };
        // SAFETY: As above.
        unsafe { Self::line(seq, *index) }
    }

    /// # Safety
    ///
    /// Only the C side calls this, through the table it stands in, with what belongs there.
    unsafe extern "C" fn stop(_seq: *mut bindings::seq_file, line: *mut c_void) {
        if line != HEADER && !line.is_null() {
            let subject: *const T::Subject = line.cast_const().cast();
            // SAFETY: `line()` has made it of an `Arc`.
            drop(unsafe { Arc::from_raw(subject) });
        }
    }

    /// # Safety
    ///
    /// Only the C side calls this, through the table it stands in, with what belongs there.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, line: *mut c_void) -> c_int {
        // INVARIANT: By this function's requirements.
        let out = Output(seq);
        if line == HEADER {
            let header = T::HEADER;
            out.print(fmt!("{header}\n"));
        } else {
            let subject: *const T::Subject = line.cast_const().cast();
            // SAFETY: `line()` has made it of an `Arc`, which is there until `stop()`.
            T::show(unsafe { ArcBorrow::from_raw(subject) }, &out);
        }
        0
    }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn show_page<T: Page>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: The file is open, and keeps its namespace.
    let net = unsafe { Net::from_raw(bindings::sctp_helper_seq_single_net(seq)) };
    // INVARIANT: By this function's requirements.
    T::show(&net, &Output(seq));
    0
}

/// A folder of a namespace, as long as this value lives, with all that is in it.
///
/// # Invariants
///
/// `folder` is null, or the folder `name` of the namespace, which lives.
pub(crate) struct ProcFolder {
    net: Net,
    name: &'static CStr,
    folder: *mut bindings::proc_dir_entry,
}

impl ProcFolder {
    pub(crate) fn new(net: &Net, name: &'static CStr) -> Result<Self> {
        // SAFETY: The namespace lives, and the name is a C string.
        let folder = unsafe { bindings::sctp_helper_proc_mkdir(net.as_ptr(), name.as_char_ptr()) };
        if folder.is_null() {
            return Err(ENOMEM);
        }
        // INVARIANT: It was made just now.
        Ok(Self {
            net: net.clone(),
            name,
            folder,
        })
    }

    pub(crate) fn add_list<T: List>(&self, name: &'static CStr) -> Result {
        // SAFETY: The folder is there, the table lives for ever and goes with what is allocated.
        let file = unsafe {
            bindings::proc_create_net_data(
                name.as_char_ptr(),
                MODE,
                self.folder,
                &Callbacks::<T>::TABLE,
                size_of::<Reader<T::Position>>() as c_uint,
                core::ptr::null_mut(),
            )
        };
        if file.is_null() {
            return Err(ENOMEM);
        }
        Ok(())
    }

    pub(crate) fn add_page<T: Page>(&self, name: &'static CStr) -> Result {
        // SAFETY: The folder is there.
        let file = unsafe {
            bindings::proc_create_net_single(
                name.as_char_ptr(),
                MODE,
                self.folder,
                Some(show_page::<T>),
                core::ptr::null_mut(),
            )
        };
        if file.is_null() {
            return Err(ENOMEM);
        }
        Ok(())
    }
}

/// For everybody to read.
const MODE: bindings::umode_t = 0o444;

impl Drop for ProcFolder {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. The function waits for who reads.
        unsafe { bindings::sctp_helper_proc_remove(self.net.as_ptr(), self.name.as_char_ptr()) };
    }
}
