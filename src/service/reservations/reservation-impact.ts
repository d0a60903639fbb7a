/** Who would lose access by a change of reservations: decides again for everybody connected, under the changed rules. */
import type { Registry } from '../../core/registry/registry.ts'
import type { Channel } from '../../core/channel/channel.ts'
import { type Membership, membershipsHere } from '../../core/commons/membership.ts'
import { COMMONS, type ChannelRef } from '../../core/types.ts'
import { type CommonsRules, decideStay } from '../../policy/channel-access.ts'
import { NO_KEYS } from '../../policy/channel-keys.ts'
import { covers, linkedApp } from '../../policy/names.ts'
import { type CommonsConnection, connectionView, shownConnection } from '../live/live-views.ts'
import type { ChangedRules } from './reservation-preview.ts'

/** Whether a connection would be closed, or could only listen. */
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
  /** The first of them, on channels that the caller may see. */
  readonly affected: readonly Affected[]
}

const MAX_LISTED = 50

/** The change, and what the caller may see. */
export interface Proposal {
  readonly namespace: string
  /** The rules around the namespace after the change. */
  readonly changed: ChangedRules
  /** Connections on other channels are counted but not named. */
  readonly maySee: (channel: ChannelRef) => boolean
}

export function impactOf(
  registry: Registry,
  rules: CommonsRules,
  { namespace, changed, maySee }: Proposal,
): Impact {
  const channels = [...registry.withMembers()].filter(({ ref }) => covers(namespace, ref.name))
  const losses = channels.flatMap((channel) => lossesOn(channel, changed, rules))
  const count = (kind: Loss) => losses.filter(({ loss }) => loss === kind).length
  return {
    channels: channels.length,
    connections: channels.reduce((sum, channel) => sum + channel.joinedSize, 0),
    closed: count('closed'),
    silenced: count('silenced'),
    affected: losses
      .filter(({ membership }) => maySee(membership.channel.ref))
      .slice(0, MAX_LISTED)
      .map(({ membership, loss }) => ({
        connection: shownConnection(connectionView(membership)),
        loss,
      })),
  }
}

/** As members themselves are decided about when rules have changed. */
function lossesOn(channel: Channel, changed: ChangedRules, rules: CommonsRules) {
  const { name, realm } = channel.ref
  const match = changed.match(name)
  const isMoved = (linkedApp(match?.best, name) ?? COMMONS) !== realm
  const facts = { match, ephemeral: match ? NO_KEYS : channel.ephemeral }
  const losses: { readonly membership: Membership; readonly loss: Loss }[] = []
  for (const membership of membershipsHere(channel)) {
    const verdict = decideStay(membership.presented, facts, rules)
    if (isMoved || !verdict.join) losses.push({ membership, loss: 'closed' })
    else if (membership.maySend && !verdict.send) losses.push({ membership, loss: 'silenced' })
  }
  return losses
}
