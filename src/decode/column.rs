//! Column builders: one decoded field in, one slot of a Polars column out, without an allocation per value.

use super::value::{BadValue, Value};
use super::wire;
use crate::model::{Column, ColumnType};
use polars::prelude::{ArrayRef, PlSmallStr, PolarsResult, Series};
use polars_arrow::array::{BooleanArray, ListArray, MutableBinaryViewArray, PrimitiveArray, StructArray};
use polars_arrow::bitmap::{Bitmap, BitmapBuilder};
use polars_arrow::datatypes::{ArrowDataType, Field, TimeUnit};
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::types::NativeType;

/// A growing column of one type.
pub struct ColumnBuilder {
    kind: ColumnType,
    values: Values,
    validity: BitmapBuilder,
}

enum Values {
    Bool(BitmapBuilder),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I128(Vec<i128>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(MutableBinaryViewArray<str>),
    Bytes(MutableBinaryViewArray<[u8]>),
    Interval {
        months: Vec<i32>,
        days: Vec<i32>,
        micros: Vec<i64>,
    },
    /// One run of offsets per dimension, outermost first; the last one's point into the items.
    List {
        offsets: Vec<Vec<i64>>,
        items: Box<ColumnBuilder>,
    },
    Struct(Vec<ColumnBuilder>),
}

impl Values {
    fn new(kind: &ColumnType) -> Self {
        match kind {
            ColumnType::Bool => Self::Bool(BitmapBuilder::new()),
            ColumnType::Int2 => Self::I16(Vec::new()),
            ColumnType::Int4 | ColumnType::Date => Self::I32(Vec::new()),
            ColumnType::Int8 | ColumnType::Oid | ColumnType::Timestamp | ColumnType::TimestampTz => {
                Self::I64(Vec::new())
            }
            ColumnType::Decimal { .. } => Self::I128(Vec::new()),
            ColumnType::Float4 => Self::F32(Vec::new()),
            ColumnType::Float8 | ColumnType::NumericDouble => Self::F64(Vec::new()),
            ColumnType::Text
            | ColumnType::Inet
            | ColumnType::Time
            | ColumnType::TimeTz
            | ColumnType::Json
            | ColumnType::Jsonb => Self::Text(MutableBinaryViewArray::new()),
            ColumnType::Bytes | ColumnType::Uuid => Self::Bytes(MutableBinaryViewArray::new()),
            ColumnType::Interval => Self::Interval { months: Vec::new(), days: Vec::new(), micros: Vec::new() },
            ColumnType::List { item, dimensions } => Self::List {
                offsets: vec![vec![0]; usize::from(*dimensions)],
                items: Box::new(ColumnBuilder::new((**item).clone())),
            },
            ColumnType::Struct(fields) => {
                Self::Struct(fields.iter().map(|Column { kind, .. }| ColumnBuilder::new(kind.clone())).collect())
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Bool(values) => values.push(false),
            Self::I16(values) => values.push(0),
            Self::I32(values) => values.push(0),
            Self::I64(values) => values.push(0),
            Self::I128(values) => values.push(0),
            Self::F32(values) => values.push(0.0),
            Self::F64(values) => values.push(0.0),
            Self::Text(values) => values.push_value_ignore_validity(""),
            Self::Bytes(values) => values.push_value_ignore_validity([]),
            Self::Interval { months, days, micros } => {
                months.push(0);
                days.push(0);
                micros.push(0);
            }
            Self::List { offsets, .. } => repeat_last(&mut offsets[0]),
            Self::Struct(fields) => fields.iter_mut().for_each(ColumnBuilder::push_null),
        }
    }

    /// Appends what the column's type decoded; the type decides which pairs can meet.
    fn push(&mut self, value: Value<'_>) -> Result<(), BadValue> {
        match (self, value) {
            (Self::Bool(values), Value::Bool(value)) => values.push(value),
            (Self::I16(values), Value::I16(value)) => values.push(value),
            (Self::I32(values), Value::I32(value)) => values.push(value),
            (Self::I64(values), Value::I64(value)) => values.push(value),
            (Self::I128(values), Value::I128(value)) => values.push(value),
            (Self::F32(values), Value::F32(value)) => values.push(value),
            (Self::F64(values), Value::F64(value)) => values.push(value),
            (Self::Text(values), Value::Text(value)) => values.push_value_ignore_validity(value),
            (Self::Text(values), Value::Short(value)) => values.push_value_ignore_validity(value.as_str()),
            (Self::Bytes(values), Value::Bytes(value)) => values.push_value_ignore_validity(value),
            (Self::Interval { months, days, micros }, Value::Interval { months: m, days: d, micros: us }) => {
                months.push(m);
                days.push(d);
                micros.push(us);
            }
            (Self::List { offsets, items }, Value::List(bytes)) => {
                let array = wire::Array::parse(bytes)?;
                array.elements(|element| items.push(element))?;
                push_offsets(offsets, &array);
            }
            (Self::Struct(fields), Value::Struct(bytes)) => {
                wire::attributes(bytes, fields.len(), |at, attribute| fields[at].push(attribute))?;
            }
            _ => return Err(BadValue::Malformed),
        }
        Ok(())
    }
}

/// Notes the lengths of one more array: its outermost dimension is one list, whose every element is a list in turn.
fn push_offsets(offsets: &mut [Vec<i64>], array: &wire::Array<'_>) {
    if array.dimensions() == 0 {
        return repeat_last(&mut offsets[0]);
    }
    let mut lists = 1;
    for (offsets, length) in offsets.iter_mut().zip(array.lengths()) {
        for _ in 0..lists {
            offsets.push(offsets.last().copied().unwrap_or(0) + i64::from(length));
        }
        lists *= length;
    }
}

fn repeat_last(offsets: &mut Vec<i64>) {
    offsets.push(offsets.last().copied().unwrap_or(0));
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(kind: ColumnType) -> Self {
        Self { values: Values::new(&kind), kind, validity: BitmapBuilder::new() }
    }

    /// The column's type.
    pub fn kind(&self) -> &ColumnType {
        &self.kind
    }

    /// Appends one field as it came over the wire; `None` is NULL.
    ///
    /// # Errors
    /// The value cannot be represented; nothing was appended.
    pub fn push(&mut self, field: Option<&[u8]>) -> Result<(), BadValue> {
        match field {
            Some(bytes) => {
                self.values.push(self.kind.decode(bytes)?)?;
                self.validity.push(true);
            }
            None => self.push_null(),
        }
        Ok(())
    }

    /// Appends NULL.
    pub fn push_null(&mut self) {
        self.values.push_null();
        self.validity.push(false);
    }

    /// The finished column as a Polars series; the builder is empty afterwards.
    pub fn finish(&mut self, name: &str) -> PolarsResult<Series> {
        let full = std::mem::replace(self, Self::new(self.kind.clone()));
        Series::try_from((PlSmallStr::from_str(name), full.into_array()?))
    }

    fn into_array(self) -> PolarsResult<ArrayRef> {
        let validity = self.validity.into_opt_validity();
        Ok(match self.values {
            Values::Bool(values) => BooleanArray::new(ArrowDataType::Boolean, values.freeze(), validity).boxed(),
            Values::I16(values) => primitive(ArrowDataType::Int16, values, validity),
            Values::I32(values) if self.kind == ColumnType::Date => primitive(ArrowDataType::Date32, values, validity),
            Values::I32(values) => primitive(ArrowDataType::Int32, values, validity),
            Values::I64(values) => {
                let dtype = match self.kind {
                    ColumnType::Timestamp => ArrowDataType::Timestamp(TimeUnit::Microsecond, None),
                    ColumnType::TimestampTz => ArrowDataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                    _ => ArrowDataType::Int64,
                };
                primitive(dtype, values, validity)
            }
            Values::I128(values) => {
                let ColumnType::Decimal { precision, scale } = self.kind else {
                    return Ok(primitive(ArrowDataType::Int128, values, validity));
                };
                primitive(ArrowDataType::Decimal(precision.into(), scale.into()), values, validity)
            }
            Values::F32(values) => primitive(ArrowDataType::Float32, values, validity),
            Values::F64(values) => primitive(ArrowDataType::Float64, values, validity),
            Values::Text(values) => values.freeze().with_validity(validity).boxed(),
            Values::Bytes(values) => values.freeze().with_validity(validity).boxed(),
            Values::Interval { months, days, micros } => {
                // Children repeat the parent's NULLs: readers disagree on whose bitmap counts.
                let children = [
                    ("months", primitive(ArrowDataType::Int32, months, validity.clone())),
                    ("days", primitive(ArrowDataType::Int32, days, validity.clone())),
                    ("microseconds", primitive(ArrowDataType::Int64, micros, validity.clone())),
                ];
                structure(children.map(|(name, array)| (name.to_owned(), array)), validity)
            }
            Values::List { offsets, items } => nested_list(offsets, items.into_array()?, validity)?,
            Values::Struct(builders) => {
                let fields = if let ColumnType::Struct(fields) = self.kind { fields } else { Vec::new() };
                let named =
                    fields.into_iter().zip(builders).map(|(field, builder)| Ok((field.name, builder.into_array()?)));
                structure(named.collect::<PolarsResult<Vec<_>>>()?, validity)
            }
        })
    }
}

fn primitive<T: NativeType>(dtype: ArrowDataType, values: Vec<T>, validity: Option<Bitmap>) -> ArrayRef {
    PrimitiveArray::new(dtype, values.into(), validity).boxed()
}

/// A struct array of these named children, which all have one length.
pub(super) fn structure(children: impl IntoIterator<Item = (String, ArrayRef)>, validity: Option<Bitmap>) -> ArrayRef {
    let (names, children): (Vec<String>, Vec<ArrayRef>) = children.into_iter().unzip();
    let length = children.first().map_or(0, |child| child.len());
    let fields =
        names.into_iter().zip(&children).map(|(name, child)| Field::new(name.into(), child.dtype().clone(), true));
    StructArray::new(ArrowDataType::Struct(fields.collect()), length, children, validity).boxed()
}

/// Lists of lists of … of `items`; only the outermost may be NULL.
///
/// # Errors
/// Offsets that do not grow, which would be a defect of ours.
pub(super) fn nested_list(offsets: Vec<Vec<i64>>, items: ArrayRef, validity: Option<Bitmap>) -> PolarsResult<ArrayRef> {
    let (mut array, mut validity, last) = (items, validity, offsets.len() - 1);
    for (depth, offsets) in offsets.into_iter().rev().enumerate() {
        let dtype = ListArray::<i64>::default_datatype(array.dtype().clone());
        let offsets = OffsetsBuffer::try_from(offsets)?;
        let nulls = if depth == last { validity.take() } else { None };
        array = ListArray::new(dtype, offsets, array, nulls).boxed();
    }
    Ok(array)
}
