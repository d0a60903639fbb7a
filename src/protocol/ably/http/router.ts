/** Finds the route of a REST request. Paths are split before decoding, so an encoded `/` does not split a segment. */
import type { Soon } from '../../../core/soon.ts'
import type { Allowance } from '../../../core/access/allowance.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Credentials } from '../../../identity/credentials.ts'
import { TextCache } from '../../../identity/text-cache.ts'
import type { Visit } from '../../protocol.ts'
import type { RestAnswer } from './answer.ts'
import type { Format } from '../wire/format.ts'
import type { Body, BodyReaders } from './body.ts'

/** The first version whose batches are answered with counts and results. */
export const NEW_BATCH_SHAPES = 3

export interface RestCall {
  readonly request: Request
  /** The `:name` segments of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly secure: boolean
  /** The credentials of the request; parsed once, though it may be authenticated before and after its body. */
  readonly credentials: Result<Credentials>
  /** The Origin header; null if the client is not a page. */
  readonly origin: string | null
  /** The address of the client, and how it addresses this server. */
  readonly visit: Pick<Visit, 'address' | 'base' | 'keepOpen'>
  /** The protocol version of the client; 6 if it sends none. */
  readonly version: number
  /** The format of the answer. */
  readonly format: Format
  /** Whether unknown credentials may be verified, which is limited for each address; see `Visit`. */
  mayVerify(): boolean
  /** Reads the body within the limit of the route, and parses it; with `ENTRIES` message data is kept exactly. */
  body(readers?: BodyReaders): Promise<Result<Body>>
  /** Reads the body within the limit of the route, without parsing it. */
  rawBody(): Promise<Result<Uint8Array>>
  /** Sets the app in whose statistics the request counts. */
  countFor(appId: string): void
  /**
   * Sets the caller: the request counts in the statistics of their app, and once against the rate of their key.
   * @returns `key_rate` if the rate is exceeded
   */
  charge(caller: Pick<AppPrincipal, 'appId' | 'keyId'>): Failure | undefined
  /**
   * Writes settings, for routes with `writes`. The answer comes once the disk has what was written.
   * @param work decides and writes; where it fails, nothing is written
   * @throws (also by the promise) what keeps settings from being written
   */
  commit<T>(work: () => Result<T>): Soon<Result<T>>
  /** Whom `identify` has found to ask, for when they are asked for again after a wait. */
  known: KnownAsker | undefined
  /** The allowance of the API key; undefined until the caller is known. */
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
  /** The path with parameters, such as `/keys/:keyName/requestToken`. */
  readonly path: string
  /** Other methods get 404 instead of 405, because SDKs are tested for it. */
  readonly hidesOtherMethods?: boolean
  /** The limit of the body, if it differs from that of other routes. */
  readonly maxBodyBytes?: number
  /** Whether it changes settings; it then waits until no other process holds them. */
  readonly writes?: boolean
  /** How it counts in statistics; undefined for an ordinary request. */
  readonly countsAs?: 'tokenRequests'
  handle(call: RestCall): Soon<Result<RestAnswer>>
}

export interface Found {
  readonly route: RestRoute
  readonly params: Record<string, string>
}

/** A path with its routes by method. */
interface PathEntry {
  readonly segments: readonly string[]
  /** The indexes and names of parameter segments. */
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
  /** Matches by path, cached because clients repeat the same paths. */
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

  /** The first entry that matches is the only one: no path matches two. */
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
