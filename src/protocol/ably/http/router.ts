/** Finds the handler of a REST request. Paths are split before they are decoded, so an encoded `/` makes no segment. */
import type { Allowance } from '../../../core/access/allowance.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Credentials } from '../../../identity/credentials.ts'
import { TextCache } from '../../../identity/text-cache.ts'
import type { Visit } from '../../protocol.ts'
import type { RestAnswer } from './answer.ts'
import type { Format } from '../wire/format.ts'
import type { Body, BodyReaders } from './body.ts'

/** From this version on, batches are answered with counts and results. */
export const NEW_BATCH_SHAPES = 3

export interface RestCall {
  readonly request: Request
  /** Decoded values of the `:name` segments. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly secure: boolean
  /** What the request carries, wherever that is; read once, because it is asked for before the body and after it. */
  readonly credentials: Result<Credentials>
  /** Of the page that asks; null for a program. */
  readonly origin: string | null
  /** Who asks, and how they address this server. */
  readonly visit: Pick<Visit, 'address' | 'base' | 'keepOpen'>
  /** The protocol version the client speaks; 6 where it names none. */
  readonly version: number
  /** What the answer is going to be in. */
  readonly format: Format
  /** Whether credentials that are not known to be good may be looked at, as `Visit` has it. */
  mayVerify(): boolean
  /** Reads and parses the body, bounded; `ENTRIES` where what is in it is to be kept as it was written. */
  body(readers?: BodyReaders): Promise<Result<Body>>
  /** Reads the body without parsing it, bounded. */
  rawBody(): Promise<Result<Uint8Array>>
  /** Says in whose statistics the request counts. */
  countFor(appId: string): void
  /**
   * Says whose the request is: it counts in the statistics of their app, and once against what their key may ask.
   * @returns why it is too much, if so
   */
  charge(caller: Pick<AppPrincipal, 'appId' | 'keyId'>): Failure | undefined
  /** Whom `identify` has found to ask, for when they are asked for again after a wait. */
  known: KnownAsker | undefined
  /** What pays for what it does; undefined as long as it is not known whose it is. */
  readonly allowance: Allowance | undefined
}

export interface KnownAsker {
  readonly found: Result<AppPrincipal>
  readonly principal: AppPrincipal
  /** Of what is known about apps and keys, as `Authenticator` has it. */
  readonly generation: number
}

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Such as `/keys/:keyName/requestToken`. */
  readonly path: string
  /** Other methods are answered as if there were nothing, where SDKs count on that. */
  readonly hidesOtherMethods?: boolean
  /** Where it differs from that of the other routes. */
  readonly maxBodyBytes?: number
  /** Whether it changes settings: it then runs in a turn in which no other program holds them. */
  readonly writes?: boolean
  /** What it counts as in statistics; undefined for an ordinary request. */
  readonly countsAs?: 'tokenRequests'
  handle(call: RestCall): Result<RestAnswer> | Promise<Result<RestAnswer>>
}

export interface Found {
  readonly route: RestRoute
  readonly params: Record<string, string>
}

/** A path with everything that can be done there. */
interface PathEntry {
  readonly segments: readonly string[]
  /** Which of the segments are parameters, and what they are called. */
  readonly params: readonly (readonly [at: number, name: string])[]
  readonly routes: Map<string, RestRoute>
}

interface Match {
  readonly entry: PathEntry
  readonly params: Record<string, string>
}

const MAX_LETTERS = 500_000

export class RestRouter {
  /** By the number of segments. */
  readonly #entries: PathEntry[][] = []
  /** Where paths lead: whoever publishes on a channel does so again. */
  readonly #matches = new TextCache<Match>(MAX_LETTERS)

  constructor(routes: readonly RestRoute[]) {
    for (const route of routes)
      this.#entryOf(route.path.slice(1).split('/')).routes.set(route.method, route)
  }

  /** @returns `not_found`, or `method_not_allowed` where another method would do */
  find(method: string, path: string): Result<Found> {
    const match = this.#matches.get(path) ?? this.#look(path)
    if (!match) return fail('not_found')
    const { routes } = match.entry
    const route = routes.get(method)
    if (route) return ok({ route, params: match.params })
    const isOpen = [...routes.values()].some((other) => other.hidesOtherMethods !== true)
    return fail(isOpen ? 'method_not_allowed' : 'not_found')
  }

  /** No two entries have paths that are the same but for the names of parameters, or that one path could lead to. */
  #look(path: string): Match | undefined {
    const parts = path.slice(1).split('/')
    const entry = this.#entries[parts.length]?.find(({ segments }) => isAt(segments, parts))
    const params = entry && paramsOf(entry, parts)
    if (!entry || !params) return undefined
    const match = { entry, params }
    this.#matches.set(path, match)
    return match
  }

  #entryOf(segments: readonly string[]): PathEntry {
    const entries = (this.#entries[segments.length] ??= [])
    const path = segments.join('/')
    const known = entries.find((entry) => entry.segments.join('/') === path)
    if (known) return known
    const params = segments.flatMap((segment, at): [number, string][] =>
      segment.startsWith(':') ? [[at, segment.slice(1)]] : [],
    )
    const entry: PathEntry = { segments, params, routes: new Map() }
    entries.push(entry)
    return entry
  }
}

function isAt(segments: readonly string[], parts: readonly string[]): boolean {
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!
    if (segment !== parts[i] && !segment.startsWith(':')) return false
  }
  return true
}

/** @returns undefined where one is empty, or not percent-encoded as it should be */
function paramsOf(
  { params }: PathEntry,
  parts: readonly string[],
): Record<string, string> | undefined {
  const found: Record<string, string> = {}
  for (const [at, name] of params) {
    const value = decode(parts[at]!)
    if (value === undefined || value === '') return undefined
    found[name] = value
  }
  return found
}

function decode(part: string): string | undefined {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
