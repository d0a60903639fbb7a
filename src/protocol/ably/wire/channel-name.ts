/** Channel names with a qualifier in brackets: parameters, a filter, or `meta`. */
import { type Result, fail, ok } from '../../../failure.ts'
import { decodeBase64Text } from '../../../identity/base64-text.ts'
import type { Params } from './frame-reader.ts'

export interface QualifiedName {
  /** The name without its qualifier. */
  readonly name: string
  readonly qualifier: 'none' | 'meta' | 'filter' | 'queue'
  /** The filter of a derived channel, in JMESPath. */
  readonly filter: string | undefined
  /** Parameters such as `[?rewind=1]`, decoded. */
  readonly params: Params
  /** The resource that a capability must permit: the name with its qualifier, without parameters and filter. */
  readonly resource: string
}

/** Bytes of a name with its qualifier, most of which may be a filter. */
const MAX_BYTES = 4096
const MAX_NAME_BYTES = 1024

const NO_PARAMS: Params = new Map()

/** Plain names, which need no parsing. */
const PLAIN = /^\w[\w:./ -]{0,255}$/

/** @returns `bad_channel` for what no channel can be called */
export function parseChannelName(text: string): Result<QualifiedName> {
  if (PLAIN.test(text)) return ok(unqualified(text))
  const fault = nameFault(text, MAX_BYTES)
  if (fault !== undefined) return fail('bad_channel', fault)
  if (!text.startsWith('[')) return named(text, 'none', undefined, NO_PARAMS)
  const end = text.indexOf(']')
  if (end < 0) return fail('bad_channel', 'the qualifier of the channel name has no end')
  const name = text.slice(end + 1)
  const inside = text.slice(1, end)
  const query = inside.indexOf('?')
  const params = query < 0 ? NO_PARAMS : parseParams(inside.slice(query + 1))
  if (!params) return fail('bad_channel', 'the parameters of the channel name are not valid')
  const qualifier = query < 0 ? inside : inside.slice(0, query)
  if (qualifier.startsWith(FILTER)) {
    const filter = decodeBase64Text(qualifier.slice(FILTER.length))
    if (!filter)
      return fail('bad_channel', 'the filter of the channel name is not base64 of a text')
    return named(name, 'filter', filter, params)
  }
  if (qualifier === 'meta' || qualifier === 'queue')
    return named(name, qualifier, undefined, params)
  return qualifier === '' && query >= 0
    ? named(name, 'none', undefined, params)
    : fail('bad_channel', 'the qualifier of the channel name is not known')
}

function unqualified(name: string): QualifiedName {
  return { name, qualifier: 'none', filter: undefined, params: NO_PARAMS, resource: name }
}

const FILTER = 'filter='

function named(
  name: string,
  qualifier: QualifiedName['qualifier'],
  filter: string | undefined,
  params: Params,
): Result<QualifiedName> {
  const fault = baseFault(name)
  if (fault !== undefined) return fail('bad_channel', fault)
  const resource = qualifier === 'none' ? name : `[${qualifier}]${name}`
  return ok({ name, qualifier, filter, params, resource })
}

function nameFault(text: string, maxBytes: number): string | undefined {
  if (text === '') return 'the channel name is empty'
  if (Buffer.byteLength(text) > maxBytes) return 'the channel name is too long'
  return /\p{Cc}/u.test(text) || !text.isWellFormed()
    ? 'the channel name has characters that are not allowed'
    : undefined
}

function baseFault(name: string): string | undefined {
  if (name.startsWith(':')) return 'the channel name begins with a colon'
  // A second qualifier is refused: it would be part of the name here, and a qualifier elsewhere.
  if (name.startsWith('[')) return 'the channel name begins with a bracket'
  return nameFault(name, MAX_NAME_BYTES)
}

/** @returns undefined if something is not percent-encoded as it should be */
function parseParams(text: string): Params | undefined {
  const params = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    params.set(name, value)
  }
  return params
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
