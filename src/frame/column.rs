//! Column builders: one wire field in, one slot of a Polars column out, without an allocation per value.

use super::numeric::Numeric;
use super::types::ColumnType;
use super::wire::{self, BadValue, fixed, utf8};
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
    Interval { months: Vec<i32>, days: Vec<i32>, micros: Vec<i64> },
    List { offsets: Vec<i64>, items: Box<ColumnBuilder> },
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
            | ColumnType::AsText
            | ColumnType::Uuid
            | ColumnType::Time
            | ColumnType::Json
            | ColumnType::Jsonb => Self::Text(MutableBinaryViewArray::new()),
            ColumnType::Bytes => Self::Bytes(MutableBinaryViewArray::new()),
            ColumnType::Interval => Self::Interval { months: Vec::new(), days: Vec::new(), micros: Vec::new() },
            ColumnType::List(item) => {
                Self::List { offsets: vec![0], items: Box::new(ColumnBuilder::new((**item).clone())) }
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
            Self::List { offsets, items } => offsets.push(items.len() as i64),
        }
    }
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(kind: ColumnType) -> Self {
        Self { values: Values::new(&kind), kind, validity: BitmapBuilder::new() }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.validity.len()
    }

    /// Whether there are no rows yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one field as it came over the wire; `None` is NULL.
    ///
    /// # Errors
    /// The value cannot be represented; the builder must then be discarded.
    pub fn push(&mut self, field: Option<&[u8]>) -> Result<(), BadValue> {
        match field {
            Some(bytes) => self.push_value(bytes)?,
            None => self.values.push_null(),
        }
        self.validity.push(field.is_some());
        Ok(())
    }

    fn push_value(&mut self, bytes: &[u8]) -> Result<(), BadValue> {
        match (&self.kind, &mut self.values) {
            (_, Values::Bool(values)) => values.push(u8::from_be_bytes(fixed(bytes)?) != 0),
            (_, Values::I16(values)) => values.push(i16::from_be_bytes(fixed(bytes)?)),
            (_, Values::F32(values)) => values.push(f32::from_be_bytes(fixed(bytes)?)),
            (ColumnType::Date, Values::I32(values)) => values.push(wire::date(bytes)?),
            (_, Values::I32(values)) => values.push(i32::from_be_bytes(fixed(bytes)?)),
            (ColumnType::Oid, Values::I64(values)) => values.push(i64::from(u32::from_be_bytes(fixed(bytes)?))),
            (ColumnType::Timestamp | ColumnType::TimestampTz, Values::I64(values)) => {
                values.push(wire::timestamp(bytes)?);
            }
            (_, Values::I64(values)) => values.push(i64::from_be_bytes(fixed(bytes)?)),
            (ColumnType::Decimal { precision, scale }, Values::I128(values)) => {
                values.push(wire::decimal(bytes, *precision, *scale)?);
            }
            (ColumnType::NumericDouble, Values::F64(values)) => {
                let numeric = Numeric::parse(bytes).ok_or(BadValue::Malformed)?;
                values.push(numeric.to_f64().ok_or(BadValue::OutOfRange)?);
            }
            (_, Values::F64(values)) => values.push(f64::from_be_bytes(fixed(bytes)?)),
            (ColumnType::Time, Values::Text(values)) => values.push_value_ignore_validity(wire::time(bytes)?),
            (ColumnType::Uuid, Values::Text(values)) => {
                let mut buffer = [0; 36];
                values.push_value_ignore_validity(wire::uuid(bytes, &mut buffer)?);
            }
            (ColumnType::Jsonb, Values::Text(values)) => match bytes {
                // Version 1 is the only one there is: the document's text follows.
                [1, text @ ..] => values.push_value_ignore_validity(utf8(text)?),
                _ => return Err(BadValue::Malformed),
            },
            (_, Values::Text(values)) => values.push_value_ignore_validity(utf8(bytes)?),
            (_, Values::Bytes(values)) => values.push_value_ignore_validity(bytes),
            (_, Values::Interval { months, days, micros }) => {
                let (time, rest) = bytes.split_at_checked(8).ok_or(BadValue::Malformed)?;
                let (day, month) = rest.split_at_checked(4).ok_or(BadValue::Malformed)?;
                micros.push(i64::from_be_bytes(fixed(time)?));
                days.push(i32::from_be_bytes(fixed(day)?));
                months.push(i32::from_be_bytes(fixed(month)?));
            }
            (_, Values::List { offsets, items }) => {
                wire::each_element(bytes, |element| items.push(element))?;
                offsets.push(items.len() as i64);
            }
            (_, Values::I128(_)) => return Err(BadValue::Malformed),
        }
        Ok(())
    }

    /// The finished column as a Polars series; the builder is empty afterwards.
    pub fn finish(&mut self, name: &str) -> PolarsResult<Series> {
        let full = std::mem::replace(self, Self::new(self.kind.clone()));
        Series::try_from((PlSmallStr::from_str(name), full.into_array()))
    }

    fn into_array(self) -> ArrayRef {
        let validity = self.validity.into_opt_validity();
        match self.values {
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
                    return primitive(ArrowDataType::Int128, values, validity);
                };
                primitive(ArrowDataType::Decimal(precision.into(), scale.into()), values, validity)
            }
            Values::F32(values) => primitive(ArrowDataType::Float32, values, validity),
            Values::F64(values) => primitive(ArrowDataType::Float64, values, validity),
            Values::Text(values) => values.freeze().with_validity(validity).boxed(),
            Values::Bytes(values) => values.freeze().with_validity(validity).boxed(),
            Values::Interval { months, days, micros } => {
                let length = months.len();
                let fields = [
                    ("months", ArrowDataType::Int32),
                    ("days", ArrowDataType::Int32),
                    ("microseconds", ArrowDataType::Int64),
                ]
                .map(|(name, dtype)| Field::new(name.into(), dtype, true));
                // Children repeat the parent's NULLs: readers disagree on whose bitmap counts.
                let children = vec![
                    primitive(ArrowDataType::Int32, months, validity.clone()),
                    primitive(ArrowDataType::Int32, days, validity.clone()),
                    primitive(ArrowDataType::Int64, micros, validity.clone()),
                ];
                StructArray::new(ArrowDataType::Struct(fields.to_vec()), length, children, validity).boxed()
            }
            Values::List { offsets, items } => {
                let items = items.into_array();
                let dtype = ListArray::<i64>::default_datatype(items.dtype().clone());
                // Offsets only ever grow by pushes, so they are monotonous.
                let offsets = OffsetsBuffer::try_from(offsets).unwrap_or_default();
                ListArray::new(dtype, offsets, items, validity).boxed()
            }
        }
    }
}

fn primitive<T: NativeType>(dtype: ArrowDataType, values: Vec<T>, validity: Option<Bitmap>) -> ArrayRef {
    PrimitiveArray::new(dtype, values.into(), validity).boxed()
}
