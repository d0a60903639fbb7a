/** The query parameters of a connection (RTN2). Unknown ones are ignored (RTC1f). */
import { TWO_MINUTES_MS } from '../../../../policy/two-minutes.ts'
import { DEFAULT_ROLLUP_MS } from '../../../../core/delivery/append-rollup.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Format } from '../../wire/format.ts'
import { type ObjectDialect, dialectOf } from '../../wire/objects/object-actions.ts'

export interface ConnectOptions {
  readonly format: Format
  /** How it reads and writes operations on objects. */
  readonly objects: ObjectDialect
  /** Whether its own messages come back to it. */
  readonly echo: boolean
  /**
   * The key of the connection that it wants to go on with; `upgrade` says so of a client before 2.0 that goes from
   * plain requests to a WebSocket.
   */
  readonly key: string | undefined
  /** Milliseconds without any frame after which the client considers the connection lost. */
  readonly heartbeatMs: number
  /** Whether the client sees WebSocket pings, so that they can serve as heartbeats (RTN23b). */
  readonly seesPings: boolean
  /** The append roll-up window: milliseconds for which appends of this client may be collected into one. */
  readonly rollupMs: number
  /** How long its members stay present when the transport is lost. */
  readonly remainPresentMs: number
}

/** The first protocol version that resumes by channel serials instead of a connection serial. */
const OLDEST_VERSION = 2
const DEFAULT_HEARTBEAT_MS = 15_000
const MIN_HEARTBEAT_MS = 5000
const MAX_HEARTBEAT_MS = 1_800_000
/** The presence grace: how long members stay whose connection is lost (`remainPresentFor`). */
const DEFAULT_REMAIN_MS = 15_000
const MIN_REMAIN_MS = 1000
const MAX_REMAIN_MS = TWO_MINUTES_MS
/** The values that Ably's documentation names; others are ignored. */
const ROLLUPS_MS: ReadonlySet<number> = new Set([0, 20, 40, 100, 500])

/** @returns `version_unsupported` or `parameter_invalid` */
export function readConnectOptions(query: URLSearchParams): Result<ConnectOptions> {
  if (!isSupported(query.get('v'))) return fail('version_unsupported')
  const format = query.get('format') ?? 'json'
  if (format !== 'json' && format !== 'msgpack')
    return fail('parameter_invalid', 'the format is neither json nor msgpack')
  return ok({
    format,
    objects: dialectOf(query.has('v') ? Number(query.get('v')) : undefined),
    echo: query.get('echo') !== 'false',
    key: query.get('resume') ?? query.get('recover') ?? query.get('upgrade') ?? undefined,
    heartbeatMs: bounded(
      query.get('heartbeatInterval'),
      MIN_HEARTBEAT_MS,
      MAX_HEARTBEAT_MS,
      DEFAULT_HEARTBEAT_MS,
    ),
    seesPings: query.get('heartbeats') === 'false',
    rollupMs: rollupOf(query.get('appendRollupWindow')),
    remainPresentMs: bounded(
      query.get('remainPresentFor'),
      MIN_REMAIN_MS,
      MAX_REMAIN_MS,
      DEFAULT_REMAIN_MS,
    ),
  })
}

/** For a client whose parameters are refused: the error frame must still be in the format that it reads. */
export function optionsOfRefused(query: URLSearchParams): ConnectOptions {
  return {
    format: query.get('format') === 'msgpack' ? 'msgpack' : 'json',
    objects: 'current',
    echo: true,
    key: undefined,
    heartbeatMs: 0,
    seesPings: false,
    rollupMs: 0,
    remainPresentMs: 0,
  }
}

/** Versions may be fractions, such as 1.2; without a version the newest is assumed. */
function isSupported(version: string | null): boolean {
  if (version === null) return true
  return /^\d+(\.\d+)?$/.test(version) && Number(version) >= OLDEST_VERSION
}

function rollupOf(text: string | null): number {
  const ms = text === null ? DEFAULT_ROLLUP_MS : Number(text)
  return ROLLUPS_MS.has(ms) ? ms : DEFAULT_ROLLUP_MS
}

function bounded(text: string | null, minimum: number, maximum: number, initial: number): number {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? Math.min(Math.max(value, minimum), maximum) : initial
}
