/** A field's C type: how many bytes, on what boundary, and how its value is read and written. */
export interface FieldType<Value> {
  readonly size: number;
  readonly align: number;
  write(view: DataView, offset: number, value: Value): void;
  read(view: DataView, offset: number): Value;
}

/** The value of each field by name. */
export type FieldValues<Fields> = {
  -readonly [Name in keyof Fields]: Fields[Name] extends FieldType<infer Value> ? Value : never;
};

/** A C struct of a kernel interface, with the natural alignment of x86-64 and aarch64, little-endian. */
export interface Struct<Fields> {
  /** As the header has it, without `struct`. */
  readonly name: string;
  /** sizeof, in bytes. */
  readonly size: number;
  /** alignof, in bytes. */
  readonly align: number;
  /** offsetof of each field, in bytes. */
  readonly offsets: Readonly<Record<keyof Fields, number>>;
  /** The bytes of the struct; fields that are not given are zero, and so is padding. */
  encode(values: Partial<FieldValues<Fields>>): Uint8Array<ArrayBuffer>;
  /** @throws {RangeError} when there are fewer bytes than the struct has */
  decode(bytes: Uint8Array): FieldValues<Fields>;
}

type AnyFields = Readonly<
  Record<string, FieldType<number> | FieldType<bigint> | FieldType<Uint8Array>>
>;

export const u8: FieldType<number> = {
  size: 1,
  align: 1,
  write: (view, offset, value) => view.setUint8(offset, inRange(value, 0, 0xff)),
  read: (view, offset) => view.getUint8(offset),
};
export const u16: FieldType<number> = {
  size: 2,
  align: 2,
  write: (view, offset, value) => view.setUint16(offset, inRange(value, 0, 0xffff), true),
  read: (view, offset) => view.getUint16(offset, true),
};
export const u32: FieldType<number> = {
  size: 4,
  align: 4,
  write: (view, offset, value) => view.setUint32(offset, inRange(value, 0, 0xffffffff), true),
  read: (view, offset) => view.getUint32(offset, true),
};
export const i32: FieldType<number> = {
  size: 4,
  align: 4,
  write: (view, offset, value) =>
    view.setInt32(offset, inRange(value, -0x80000000, 0x7fffffff), true),
  read: (view, offset) => view.getInt32(offset, true),
};
export const u64: FieldType<bigint> = {
  size: 8,
  align: 8,
  write: (view, offset, value) => {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`Cannot encode ${value} as u64`);
    view.setBigUint64(offset, value, true);
  },
  read: (view, offset) => view.getBigUint64(offset, true),
};
export const i64: FieldType<bigint> = {
  size: 8,
  align: 8,
  write: (view, offset, value) => {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`Cannot encode ${value} as i64`);
    view.setBigInt64(offset, value, true);
  },
  read: (view, offset) => view.getBigInt64(offset, true),
};

/** `char[size]`: shorter values are filled up with zeros. */
export function bytes(size: number): FieldType<Uint8Array> {
  return {
    size,
    align: 1,
    write: (view, offset, value) => {
      if (value.length > size) {
        throw new RangeError(`Cannot encode ${value.length} bytes: there is room for ${size}`);
      }
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value);
    },
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
  };
}

/** Declares a struct: its fields in the order of the header. */
export function struct<const Fields extends AnyFields>(
  name: string,
  fields: Fields,
): Struct<Fields> {
  const offsets: Record<string, number> = {};
  let end = 0;
  let align = 1;
  for (const [field, type] of Object.entries(fields)) {
    end = roundUp(end, type.align);
    offsets[field] = end;
    end += type.size;
    align = Math.max(align, type.align);
  }
  const size = roundUp(end, align);
  const layout: StructLayout = { name, fields, offsets, size };
  return {
    name,
    size,
    align,
    offsets: offsets as Record<keyof Fields, number>,
    encode: (values) => encode(layout, values),
    decode: (source) => decode(layout, source) as FieldValues<Fields>,
  };
}

interface StructLayout {
  readonly name: string;
  readonly fields: AnyFields;
  readonly offsets: Readonly<Record<string, number>>;
  readonly size: number;
}

function encode(layout: StructLayout, values: object): Uint8Array<ArrayBuffer> {
  const { name, fields, offsets, size } = layout;
  const view = new DataView(new ArrayBuffer(size));
  for (const field in values) {
    const type = fields[field] as FieldType<unknown> | undefined;
    if (type === undefined) throw new RangeError(`Cannot encode ${name}: it has no ${field}`);
    const value = (values as Record<string, unknown>)[field];
    if (value !== undefined) type.write(view, offsets[field] ?? 0, value);
  }
  return new Uint8Array(view.buffer);
}

function decode(layout: StructLayout, source: Uint8Array): Record<string, unknown> {
  const { name, fields, offsets, size } = layout;
  if (source.length < size) {
    throw new RangeError(`Cannot decode ${name}: it has ${size} bytes, not ${source.length}`);
  }
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const values: Record<string, unknown> = {};
  for (const field in fields) values[field] = fields[field]?.read(view, offsets[field] ?? 0);
  return values;
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function inRange(value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`Cannot encode ${value}: it is no integer from ${low} to ${high}`);
  }
  return value;
}
