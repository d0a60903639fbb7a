/** Finds the handler of a REST request. Paths are split before they are decoded, so an encoded `/` makes no segment. */
import { type Result, fail, ok } from '../../../failure.ts'
import type { Visit } from '../../protocol.ts'
import type { RestAnswer } from './answer.ts'
import type { Format } from '../wire/format.ts'
import type { Body } from './format.ts'

/** From this version on, batches are answered with counts and results. */
export const NEW_BATCH_SHAPES = 3

export interface RestCall {
  readonly request: Request
  /** Decoded values of the `:name` segments. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly secure: boolean
  /** Who asks, and how they address this server. */
  readonly visit: Pick<Visit, 'address' | 'base' | 'keepOpen'>
  /** The protocol version the client speaks; 6 where it names none. */
  readonly version: number
  /** What the answer is going to be in. */
  readonly format: Format
  /** Reads and parses the body, bounded. */
  body(): Promise<Result<Body>>
  /** Reads the body without parsing it, bounded. */
  bytes(): Promise<Result<Uint8Array>>
  /** Says in whose statistics the request counts. */
  countFor(appId: string): void
}

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Such as `/keys/:keyName/requestToken`. */
  readonly path: string
  /** Other methods are answered as if there were nothing, where SDKs count on that. */
  readonly hidesOtherMethods?: boolean
  /** Where it differs from that of the other routes. */
  readonly maxBodyBytes?: number
  /** What it counts as in statistics; undefined for an ordinary request. */
  readonly countsAs?: 'tokenRequests'
  handle(call: RestCall): Result<RestAnswer> | Promise<Result<RestAnswer>>
}

export interface Found {
  readonly route: RestRoute
  readonly params: Record<string, string>
}

interface Compiled {
  readonly route: RestRoute
  readonly segments: readonly string[]
}

export class RestRouter {
  readonly #byLength = new Map<number, Compiled[]>()

  constructor(routes: readonly RestRoute[]) {
    for (const route of routes) {
      const segments = route.path.slice(1).split('/')
      const same = this.#byLength.get(segments.length) ?? []
      this.#byLength.set(segments.length, [...same, { route, segments }])
    }
  }

  /** @returns `not_found`, or `method_not_allowed` where another method would do */
  find(method: string, path: string): Result<Found> {
    const parts = path.slice(1).split('/')
    let known = false
    for (const { route, segments } of this.#byLength.get(parts.length) ?? []) {
      const params = match(segments, parts)
      if (!params) continue
      if (route.method === method) return ok({ route, params })
      if (route.hidesOtherMethods !== true) known = true
    }
    return fail(known ? 'method_not_allowed' : 'not_found')
  }
}

function match(
  segments: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  for (const [i, segment] of segments.entries()) {
    const part = parts[i]!
    if (!segment.startsWith(':')) {
      if (segment !== part) return undefined
      continue
    }
    const value = decode(part)
    if (value === undefined || value === '') return undefined
    params[segment.slice(1)] = value
  }
  return params
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
