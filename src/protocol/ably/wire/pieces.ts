/** Values that hold long lists, encoded bit by bit: what is made of an item is there only while it is written. */
import { type Format, encode } from './format.ts'
import { writeMsgpackHead } from './msgpack-writer.ts'

/** A list of which each item is made when its turn comes. */
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

/** An object of which some members are lazy. */
export class LazyObject {
  readonly members: Readonly<Record<string, unknown>>

  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members
  }
}

export type Piece = string | Uint8Array

/** What `encode` would make of the value, in pieces of which none holds more than one item of a lazy list. */
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

/** Members that are undefined are left out, as always. */
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

/** Pieces as one body. */
export function joined(pieces: readonly Piece[], format: Format): string | Uint8Array<ArrayBuffer> {
  if (format === 'json') return pieces.join('')
  return new Uint8Array(Buffer.concat(pieces.filter((piece) => piece instanceof Uint8Array)))
}
