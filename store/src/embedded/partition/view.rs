//! A partition as of one commit, opened for reading.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use logpipeline_model::EntryId;
use tantivy::columnar::ColumnValues;
use tantivy::columnar::StrColumn;
use tantivy::index::SegmentId;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Index, SegmentMeta, SegmentReader, TERMINATED, Term};

use super::blocks::Blocks;
use super::directory::SafeDirectory;
use super::{Name, Summary};
use crate::embedded::schema::{self, Fields};

/// The file whose renaming commits a partition.
pub(super) const COMMIT: &str = "meta.json";

/// One commit of one partition. Holds its files open: what is removed meanwhile stays readable.
#[derive(Clone)]
pub(in crate::embedded) struct Partition {
    pub(in crate::embedded) name: Name,
    pub(in crate::embedded) index: Index,
    pub(in crate::embedded) directory: SafeDirectory,
    pub(in crate::embedded) fields: Fields,
    pub(in crate::embedded) summary: Summary,
    pub(in crate::embedded) segments: Vec<Arc<Segment>>,
    pub(in crate::embedded) bytes: u64,
    pub(in crate::embedded) stamp: Stamp,
}

/// Tells one version of a partition's commit file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) struct Stamp {
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl Stamp {
    /// `None` where the folder holds no committed partition.
    pub(in crate::embedded) fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(folder.join(COMMIT)) {
            Ok(file) => Ok(Some(Self::of(&file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of(file: &Metadata) -> Self {
        Self { inode: file.ino(), modified: (file.mtime(), file.mtime_nsec()), size: file.size() }
    }
}

/// One immutable piece of a partition.
pub(in crate::embedded) struct Segment {
    id: SegmentId,
    pub(in crate::embedded) reader: SegmentReader,
    pub(in crate::embedded) timestamps: Arc<dyn ColumnValues<i64>>,
    pub(in crate::embedded) received_at: Arc<dyn ColumnValues<i64>>,
    id_high: Arc<dyn ColumnValues<u64>>,
    id_low: Arc<dyn ColumnValues<u64>>,
    pub(in crate::embedded) levels: Option<StrColumn>,
    timestamp_blocks: OnceLock<Blocks>,
    receipt_blocks: OnceLock<Blocks>,
}

impl Partition {
    /// Opens what is committed in `folder`, sharing what `before` has open already.
    pub(in crate::embedded) fn open(
        folder: &Path,
        name: Name,
        stamp: Stamp,
        before: Option<&Self>,
    ) -> tantivy::Result<Self> {
        let (_, fields) = schema::build();
        let (index, directory) = match before {
            Some(before) => (before.index.clone(), before.directory.clone()),
            None => {
                let directory = SafeDirectory::open(folder)?;
                let index = Index::open(directory.clone())?;
                schema::register_tokenizers(&index);
                (index, directory)
            }
        };
        let meta = index.load_metas()?;
        let summary = match &meta.payload {
            Some(payload) => serde_json::from_str(payload)?,
            None => Summary::default(),
        };
        let mut bytes = stamp.size;
        let mut segments = Vec::with_capacity(meta.segments.len());
        for segment in &meta.segments {
            bytes += segment_bytes(folder, segment);
            let open = before.and_then(|before| before.segments.iter().find(|open| open.id == segment.id()));
            segments.push(match open {
                Some(open) => Arc::clone(open),
                None => Arc::new(Segment::open(&index, segment)?),
            });
        }
        Ok(Self { name, index, directory, fields, summary, segments, bytes, stamp })
    }

    /// Whether the partition holds an entry with this id.
    pub(in crate::embedded) fn find(&self, id: EntryId) -> tantivy::Result<Option<(&Arc<Segment>, DocId)>> {
        for segment in &self.segments {
            if let Some(doc) = segment.find(self.fields, id)? {
                return Ok(Some((segment, doc)));
            }
        }
        Ok(None)
    }
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partition")
            .field("name", &self.name)
            .field("summary", &self.summary)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

fn segment_bytes(folder: &Path, segment: &SegmentMeta) -> u64 {
    let stem = segment.id().uuid_string();
    ["idx", "pos", "term", "store", "fast", "fieldnorm"]
        .iter()
        .filter_map(|extension| fs::metadata(folder.join(PathBuf::from(format!("{stem}.{extension}")))).ok())
        .map(|file| file.len())
        .sum()
}

impl Segment {
    fn open(index: &Index, meta: &SegmentMeta) -> tantivy::Result<Self> {
        let reader = SegmentReader::open(&index.segment(meta.clone()))?;
        let columns = reader.fast_fields();
        Ok(Self {
            id: meta.id(),
            timestamps: columns.column_first_or_default(schema::TIMESTAMP)?,
            received_at: columns.column_first_or_default(schema::RECEIVED_AT)?,
            id_high: columns.column_first_or_default(schema::ID_HIGH)?,
            id_low: columns.column_first_or_default(schema::ID_LOW)?,
            levels: columns.str(schema::LEVEL)?,
            timestamp_blocks: OnceLock::new(),
            receipt_blocks: OnceLock::new(),
            reader,
        })
    }

    pub(in crate::embedded) fn timestamp_blocks(&self) -> &Blocks {
        self.timestamp_blocks.get_or_init(|| Blocks::of(&*self.timestamps))
    }

    pub(in crate::embedded) fn receipt_blocks(&self) -> &Blocks {
        self.receipt_blocks.get_or_init(|| Blocks::of(&*self.received_at))
    }

    pub(in crate::embedded) fn entry_id(&self, doc: DocId) -> EntryId {
        EntryId::from_parts(self.id_high.get_val(doc), self.id_low.get_val(doc))
    }

    pub(in crate::embedded) fn find(&self, fields: Fields, id: EntryId) -> tantivy::Result<Option<DocId>> {
        let (high, low) = id.parts();
        let inverted = self.reader.inverted_index(fields.id_high)?;
        let term = Term::from_field_u64(fields.id_high, high);
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
            return Ok(None);
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if self.id_low.get_val(doc) == low {
                return Ok(Some(doc));
            }
            doc = postings.advance();
        }
        Ok(None)
    }
}
