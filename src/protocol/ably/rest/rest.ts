/** The requests of the REST interface, but for those about devices. */
import type { AuthorizeParts } from '../http/authorize.ts'
import type { ChannelParts } from '../http/channel/channel-caller.ts'
import type { RestRoute } from '../http/router.ts'
import { annotationRoutes } from './annotation-routes.ts'
import { batchRoutes } from './batch-routes.ts'
import { channelRoutes } from './channel-routes.ts'
import { messageRoutes } from './message-routes.ts'
import { type ObjectRouteParts, objectRoutes } from './objects/object-routes.ts'
import { presenceRoutes } from './presence-routes.ts'
import { type FillParts, fillChannels } from './sandbox/fixtures.ts'
import { type SandboxParts, sandboxRoutes } from './sandbox/routes.ts'
import { type StatsParts, statsRoutes } from './stats-routes.ts'
import { statusRoutes } from './status-routes.ts'
import { type TokenParts, tokenRoutes } from './token-routes.ts'

export interface RestParts
  extends
    Pick<ObjectRouteParts, 'objects' | 'ids'>,
    AuthorizeParts,
    FillParts,
    Omit<TokenParts, 'now'> {
  readonly stats: Pick<StatsParts, 'read' | 'addFixtures'>
  /** Undefined for a server without a sandbox. */
  readonly sandbox: Omit<SandboxParts, 'authenticator' | 'fill'> | undefined
}

/** @param now milliseconds since the epoch */
export function restRoutes(
  parts: RestParts,
  channels: ChannelParts,
  now: () => number,
): RestRoute[] {
  return [
    ...tokenRoutes({ ...parts, now }),
    ...statsRoutes({ ...parts, ...parts.stats, now }),
    ...sandboxRoutes(sandboxParts(parts)),
    ...channelRoutes(channels),
    ...messageRoutes(channels),
    ...annotationRoutes(channels),
    ...presenceRoutes(channels),
    ...objectRoutes({ ...channels, objects: parts.objects, ids: parts.ids, now }),
    ...batchRoutes(channels),
    ...statusRoutes(channels),
  ]
}

function sandboxParts(parts: RestParts): SandboxParts | undefined {
  const { authenticator, sandbox } = parts
  if (!sandbox) return undefined
  return {
    ...sandbox,
    authenticator,
    fill: (appId, channels) => fillChannels(parts, appId, channels),
  }
}
