/** Reads the channel and the options from the URL of an itty-sockets client (C-5 to C-10). */
import { type Result, fail, ok } from '../../failure.ts'
import { isUtf8Form } from '../../text/form.ts'

export interface IttyOptions {
  readonly alias: string | undefined
  readonly echo: boolean
  readonly announce: boolean
  readonly list: boolean
  /** Whether the client expects a numeric `users`, as clients before 0.9 do (V-2). */
  readonly legacy: boolean
  readonly joinKey: string | undefined
  readonly sendKey: string | undefined
}

/** The name after a prefix such as `/c/`, decoded exactly once: identity and reservations use the same string (C-5). */
export function channelName(encoded: string, maxBytes: number): Result<string> {
  // A byte takes at most three characters, so a longer text is refused before it is decoded.
  if (encoded.length > maxBytes * 3) return fail('channel_too_long')
  let name: string
  try {
    name = decodeURIComponent(encoded)
  } catch {
    return fail('bad_channel')
  }
  if (name === '') return fail('bad_channel')
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes)
    return fail('channel_too_long')
  return ok(name)
}

/** Form-decodes the query; unknown parameters are ignored and the first of duplicates wins (C-9, C-10). */
export function parseOptions(query: string, maxAliasLength: number): Result<IttyOptions> {
  if (query === '') return ok(NO_OPTIONS)
  if (!isUtf8Form(query)) return fail('bad_query')
  const given = new URLSearchParams(query)
  const alias = value(given, 'as') ?? value(given, 'alias')
  if (alias !== undefined && alias.length > maxAliasLength) return fail('alias_too_long')
  return ok({
    alias,
    echo: isOn(given, 'echo'),
    announce: isOn(given, 'announce'),
    list: isOn(given, 'list'),
    legacy: isOn(given, 'legacy'),
    joinKey: value(given, 'joinKey'),
    sendKey: value(given, 'sendKey'),
  })
}

const NO_OPTIONS: IttyOptions = Object.freeze({
  alias: undefined,
  echo: false,
  announce: false,
  list: false,
  legacy: false,
  joinKey: undefined,
  sendKey: undefined,
})

/** The client stringifies whatever it is given, so an option left undefined arrives as that word (C-8, C-9). */
function value(given: URLSearchParams, name: string): string | undefined {
  const text = given.get(name)
  return text === null || text === '' || text === 'undefined' || text === 'null' ? undefined : text
}

function isOn(given: URLSearchParams, name: string): boolean {
  const text = given.get(name)
  return text !== null && (text === '1' || text.toLowerCase() === 'true')
}
