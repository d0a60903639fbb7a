/**
 * Which names are spellings of one another. Rights are decided on folded names, so that whoever reserves
 * `café` has it in every spelling: composed or not, in full-width letters, with characters in it that
 * nobody sees, with spaces around its parts. Channels stay what clients call them (itty C-5): two spellings are
 * two channels under one owner. Letters of both cases stay apart (N-6).
 */
import { type Match, NamespaceIndex, isBoundary } from './namespaces.ts'

const SPACE = 32
const TILDE = 126
const BRACKET = 91

/** Control and format characters, halves of pairs, and whatever else is drawn as nothing (Unicode UTS 55 and UAX 44). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/**
 * The form in which names are compared. A separator that only compatibility makes of another character, such as
 * the full-width colon, separates too: the name looks as if it were below, so it is decided about as if it were.
 */
export function foldName(name: string): string {
  return isPlain(name) ? name : foldUnicode(name)
}

/** Whether a name is printable ASCII, as most are: then it is its own folded form, and nothing is allocated. */
function isPlain(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code <= SPACE || code > TILDE) return false
  }
  return true
}

/**
 * Combining marks in a row beyond these are dropped: no script has so many, and sorting them takes time that grows with
 * the square of their number (Unicode UAX 15, stream-safe text).
 */
const MARKS = /(\p{M}{30})\p{M}+/gu

function seen(text: string): string {
  return text.replaceAll(UNSEEN, '').replaceAll(MARKS, '$1')
}

function foldUnicode(name: string): string {
  // Twice: taking out invisible characters lets letters and marks combine, and some of the results are invisible again.
  const text = seen(seen(name).normalize('NFKC')).normalize('NFKC')
  let folded = ''
  let start = 0
  for (let end = 0; end <= text.length; end++) {
    if (end < text.length && !isBoundary(text.charCodeAt(end))) continue
    folded += text.slice(start, end).trim() + text.slice(end, end + 1)
    start = end + 1
  }
  return folded
}

/** Whether a namespace covers a name in any spelling: it is the name, or a boundary follows. */
export function covers(namespace: string, name: string): boolean {
  return coversAsWritten(foldName(namespace), foldName(name))
}

/** Whether a name begins with the very letters of the namespace. */
export function coversAsWritten(namespace: string, name: string): boolean {
  if (!name.startsWith(namespace)) return false
  return name.length === namespace.length || isBoundary(name.charCodeAt(namespace.length))
}

/** Whether a name begins with `[`, in any spelling: in apps such names ask for something (`[meta]log`, `[?rewind=1]x`). */
export function beginsWithBracket(name: string): boolean {
  return foldName(name).charCodeAt(0) === BRACKET
}

/**
 * Which app's channel a name of the commons is.
 * @param reservation what covers the name
 * @returns undefined where it stays one of the commons: another spelling of a linked name would be a channel of the
 * app that lies outside of what was linked, and `[meta]` channels are not for strangers to read or to write
 */
export function linkedApp(reservation: Linked | undefined, name: string): string | undefined {
  const appId = reservation?.options.appId
  if (appId === undefined) return undefined
  const { namespace } = reservation!
  if (!coversAsWritten(namespace, name) || beginsWithBracket(namespace)) return undefined
  return appId
}

interface Linked {
  readonly namespace: string
  readonly options: { readonly appId?: string }
}

/** A lookup of namespaces in any spelling. Two that fold to one name share its place. */
export class FoldedNames<T> {
  readonly #index: NamespaceIndex<T>

  /** @param seed see `NamespaceIndex` */
  constructor(seed = 0) {
    this.#index = new NamespaceIndex(seed)
  }

  /** How many names have a value. */
  get size(): number {
    return this.#index.size
  }

  /** A name without any visible character covers nothing. */
  set(namespace: string, value: T): void {
    const folded = foldName(namespace)
    if (folded !== '') this.#index.set(folded, value)
  }

  delete(namespace: string): boolean {
    return this.#index.delete(foldName(namespace))
  }

  values(): Iterable<T> {
    return this.#index.values()
  }

  /** As `NamespaceIndex.match`. */
  match(channel: string): Match<T> | undefined {
    return this.#index.match(foldName(channel))
  }
}
