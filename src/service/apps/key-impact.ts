/** Which connections would lose something if a key ended or permitted less. */
import type { Capability } from '../../policy/capability/capability.ts'
import { CapabilityChecker } from '../../policy/capability/checker.ts'
import { NO_OPERATIONS } from '../../policy/capability/operations.ts'
import type { AppConnection, LiveConnection } from '../live/live-views.ts'

export interface KeyLoss {
  readonly connection: AppConnection
  /** Channels that it would be detached from; undefined where the connection itself would end. */
  readonly channels: readonly string[] | undefined
}

export interface KeyImpact {
  /** Connections that were opened with one of the keys, or with a token of one. */
  readonly connections: number
  readonly losing: number
  /** The first of those that would lose something. */
  readonly listed: readonly KeyLoss[]
}

const MAX_LISTED = 50

/**
 * @param keyName `appId.keyId`; undefined for every key of the app
 * @param after what the key will permit; undefined where it ends
 */
export function keyImpact(
  connections: Iterable<LiveConnection>,
  keyName: string | undefined,
  after: Capability | undefined,
): KeyImpact {
  const own = [...connections].filter(
    (one) => one.protocol === 'ably' && (keyName === undefined || one.key === keyName),
  ) as AppConnection[]
  const checker = after && new CapabilityChecker(after)
  const losses = own
    .map((connection): KeyLoss => ({ connection, channels: lostChannels(connection, checker) }))
    .filter(({ channels }) => channels === undefined || channels.length > 0)
  return { connections: own.length, losing: losses.length, listed: losses.slice(0, MAX_LISTED) }
}

function lostChannels(
  { channels }: AppConnection,
  checker: CapabilityChecker | undefined,
): string[] | undefined {
  return checker && channels.filter((name) => checker.operationsOn(name) === NO_OPERATIONS)
}
