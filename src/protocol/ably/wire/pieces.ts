/** Values with long lists, encoded in pieces, so that only one item is in memory at a time. */
import { type Format, encode } from './format.ts'
import { writeMsgpackHead } from './msgpack-writer.ts'

/** A list whose items are converted one by one while it is encoded. */
export class LazyList {
  readonly length: number
  readonly at: (index: number) => unknown

  private constructor(length: number, at: (index: number) => unknown) {
    this.length = length
    this.at = at
  }

  /** @param toValue the item as a value to be encoded, which may be lazy itself */
  static of<T>(items: readonly T[], toValue: (item: T) => unknown): LazyList {
    return new LazyList(items.length, (index) => toValue(items[index]!))
  }
}

/** An object with lazy members. */
export class LazyObject {
  readonly members: Readonly<Record<string, unknown>>

  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members
  }
}

export type Piece = string | Uint8Array

/** Encodes a value as `encode` does, in pieces with at most one item of a lazy list each. */
export function* piecesOf(value: unknown, format: Format): Generator<Piece, undefined> {
  if (value instanceof LazyList) yield* listPieces(value, format)
  else if (value instanceof LazyObject) yield* objectPieces(value, format)
  else yield encode(value, format)
}

function* listPieces({ at, length }: LazyList, format: Format): Generator<Piece, undefined> {
  const isText = format === 'json'
  yield isText ? '[' : writeMsgpackHead('array', length)
  for (let i = 0; i < length; i++) {
    if (isText && i > 0) yield ','
    yield* piecesOf(at(i), format)
  }
  if (isText) yield ']'
}

/** Undefined members are left out. */
function* objectPieces({ members }: LazyObject, format: Format): Generator<Piece, undefined> {
  const entries = Object.entries(members).filter(([, member]) => member !== undefined)
  const isText = format === 'json'
  yield isText ? '{' : writeMsgpackHead('map', entries.length)
  for (const [index, [name, member]] of entries.entries()) {
    if (isText && index > 0) yield ','
    yield encode(name, format)
    if (isText) yield ':'
    yield* piecesOf(member, format)
  }
  if (isText) yield '}'
}

/** Joins pieces to one body. */
export function joined(pieces: readonly Piece[], format: Format): string | Uint8Array<ArrayBuffer> {
  if (format === 'json') return pieces.join('')
  return new Uint8Array(Buffer.concat(pieces.filter((piece) => piece instanceof Uint8Array)))
}
