//! The parameters of statements, and the types that they are sent with where no statement is prepared.

use std::time::SystemTime;

use tokio_postgres::types::{ToSql, Type};

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a dyn Parameter];

pub(super) trait Parameter: ToSql + Sync {
    fn kind(&self) -> Type;

    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

/// A Rust type with one SQL type.
pub(super) trait Typed: ToSql + Sync {
    const TYPE: Type;
    const ARRAY: Type;
}

impl<T: Typed> Parameter for T {
    fn kind(&self) -> Type {
        T::TYPE
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        self
    }
}

macro_rules! typed {
    ($($rust:ty: $kind:ident, $array:ident;)*) => {
        $(impl Typed for $rust {
            const TYPE: Type = Type::$kind;
            const ARRAY: Type = Type::$array;
        })*
    };
}

typed! {
    bool: BOOL, BOOL_ARRAY;
    i16: INT2, INT2_ARRAY;
    i32: INT4, INT4_ARRAY;
    i64: INT8, INT8_ARRAY;
    String: TEXT, TEXT_ARRAY;
    &str: TEXT, TEXT_ARRAY;
    &[u8]: BYTEA, BYTEA_ARRAY;
    SystemTime: TIMESTAMPTZ, TIMESTAMPTZ_ARRAY;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Typed> Typed for Vec<T> {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;
}
