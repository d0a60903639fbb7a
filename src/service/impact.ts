/** Who would notice a change of reservations: those who are connected, decided again under rules that do not hold yet. */
import type { Attachment, Channel } from '../core/channel.ts'
import type { Hub } from '../core/hub.ts'
import { COMMONS } from '../core/types.ts'
import { type CommonsRules, decideStay } from '../policy/channel-access.ts'
import { NO_KEYS } from '../policy/keys.ts'
import { covers } from './live-rules.ts'
import { type CommonsConnection, connectionView } from './live-views.ts'
import type { ChangedRules } from './reservation-outlook.ts'

/** What would happen to a connection: closed, or left to listen only. */
export type Loss = 'closed' | 'silenced'

export interface Affected {
  readonly connection: CommonsConnection
  readonly loss: Loss
}

export interface Impact {
  /** Channels and connections that the namespace covers now. */
  readonly channels: number
  readonly connections: number
  readonly closed: number
  readonly silenced: number
  /** The first of those that would lose something. */
  readonly affected: readonly Affected[]
}

const MAX_LISTED = 50

/** @param changed the rules around the namespace as they would be */
export function impactOf(
  hub: Hub,
  rules: CommonsRules,
  namespace: string,
  changed: ChangedRules,
): Impact {
  const channels = [...hub.channels.values()].filter(({ ref }) => covers(namespace, ref.name))
  const losses = channels.flatMap((channel) => lossesOn(channel, changed, rules))
  const count = (kind: Loss) => losses.filter(({ loss }) => loss === kind).length
  return {
    channels: channels.length,
    connections: channels.reduce((sum, channel) => sum + channel.total, 0),
    closed: count('closed'),
    silenced: count('silenced'),
    affected: losses
      .slice(0, MAX_LISTED)
      .map(({ attachment, loss }) => ({ connection: connectionView(attachment), loss })),
  }
}

/** As the hub itself decides when rules have changed. */
function lossesOn(channel: Channel, changed: ChangedRules, rules: CommonsRules) {
  const match = changed.match(channel.ref.name)
  const isMoved = (match?.best.options.appId ?? COMMONS) !== channel.ref.realm
  const facts = { match, ephemeral: match ? NO_KEYS : channel.ephemeral }
  const losses: { readonly attachment: Attachment; readonly loss: Loss }[] = []
  for (const attachment of channel.attachments.values()) {
    const verdict = decideStay(attachment.presented, facts, rules)
    if (isMoved || !verdict.join) losses.push({ attachment, loss: 'closed' })
    else if (attachment.maySend && !verdict.send) losses.push({ attachment, loss: 'silenced' })
  }
  return losses
}
