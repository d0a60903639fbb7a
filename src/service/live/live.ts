/** Channels and connections of both kinds as they are now: listed, explained and disconnected, as far as an account may. */
import type { Cluster } from '../../cluster/cluster.ts'
import type { CommonsAdmission } from '../../core/commons/admission.ts'
import { type Soon, andThen } from '../../core/soon.ts'
import { COMMONS, type ChannelRef, channelRef } from '../../core/types.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { CommonsRules } from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { Account, AccountService } from '../accounts/accounts.ts'
import type { AppService } from '../apps/apps.ts'
import type { AuditService } from '../audit/audit.ts'
import { type Explanation, explain, withoutGuests } from '../explanations/access-explanation.ts'
import {
  type Ended,
  type Found,
  mergeChannel,
  mergeChannels,
  mergeConnections,
  mergeFigures,
  missingIn,
} from './live-merging.ts'
import {
  CHANNEL,
  CHANNELS,
  CONNECTIONS,
  type ChannelSearch,
  type ConnectionSearch,
  DISCONNECT,
  DISCONNECT_CHANNEL,
  FIGURES,
  IN_USE,
  type LiveFigures,
  type Viewed,
} from './live-questions.ts'
import type { LiveRights } from './live-rights.ts'
import type { LiveChannel, LiveConnection } from './live-views.ts'
import type { Conceal } from './misplaced-keys.ts'

export interface LiveParts {
  readonly cluster: Cluster
  readonly rights: LiveRights
  readonly admission: CommonsAdmission
  readonly rules: CommonsRules
  readonly accounts: AccountService
  readonly apps: AppService
  readonly audit: AuditService
  readonly ledger: Ledger
  readonly conceal: Conceal
}

export class LiveService {
  readonly #parts: LiveParts

  constructor(parts: LiveParts) {
    this.#parts = parts
  }

  /**
   * Channels in use, the fullest first.
   * @param account sees only its apps' channels and those under its own reservations; the owner (undefined) sees all
   */
  channels(account: Account | undefined, search: ChannelSearch = {}): Soon<Found<LiveChannel>> {
    const question = { ...search, ...viewedBy(account) }
    return andThen(this.#parts.cluster.ask(CHANNELS, question), (answers) =>
      mergeChannels(answers, search.limit),
    )
  }

  /** Totals of everything that the account may see. */
  figures(account: Account | undefined): Soon<LiveFigures> {
    return andThen(this.#parts.cluster.ask(FIGURES, viewedBy(account)), mergeFigures)
  }

  /** A channel in use, if the account may see it. */
  channel(
    account: Account | undefined,
    { name, realm }: ChannelRef,
  ): Soon<LiveChannel | undefined> {
    const question = { realm, name, ...viewedBy(account) }
    return andThen(this.#parts.cluster.ask(CHANNEL, question), ({ given }) => {
      const views = given.flatMap(({ value }) => (value ? [value.view] : []))
      return views.length === 0 ? undefined : views.reduce(mergeChannel)
    })
  }

  /** Those of the channels that no node has open. */
  quiet<C extends ChannelRef>(channels: readonly C[]): Soon<readonly C[]> {
    const names = channels.map(({ name, realm }) => ({ realm, name }))
    return andThen(this.#parts.cluster.ask(IN_USE, names), ({ given }) => {
      const used = new Set(given.flatMap(({ value }) => value))
      return channels.filter((_, place) => !used.has(place))
    })
  }

  /** The newest first. */
  connections(
    account: Account | undefined,
    search: ConnectionSearch = {},
  ): Soon<Found<LiveConnection>> {
    const question = { ...search, ...viewedBy(account) }
    return andThen(this.#parts.cluster.ask(CONNECTIONS, question), (answers) =>
      mergeConnections(answers, search.limit),
    )
  }

  /** Disconnects one connection by its id, whichever node it is on. */
  disconnect(account: Account | undefined, id: string): Soon<Result<LiveConnection>> {
    const question = { id, ...viewedBy(account) }
    return andThen(this.#parts.cluster.ask(DISCONNECT, question), (answers) => {
      const ended = answers.given.find(({ value }) => value)?.value
      if (!ended) return notEnded(missingIn(answers))
      const { realm, name } = ended.channel
      const noted = this.#note(channelRef(realm, name), 'connection', id, ended.words)
      return andThen(noted, () => ok(ended.view))
    })
  }

  /** Disconnects everybody on a channel. */
  disconnectChannel(account: Account | undefined, ref: ChannelRef): Soon<Ended> {
    const { name, realm } = ref
    const question = { realm, name, ...viewedBy(account) }
    return andThen(this.#parts.cluster.ask(DISCONNECT_CHANNEL, question), (answers) => {
      const count = answers.given.reduce((sum, { value }) => sum + value, 0)
      const ended = { count, missing: missingIn(answers) }
      if (count === 0) return ended
      return andThen(this.#note(ref, 'channel', name, `all ${count} on ${name}`), () => ended)
    })
  }

  explain(name: string, presented: Keys): Explanation {
    const { admission, rules } = this.#parts
    const ref = admission.refOf(name)
    const explained = explain(name, presented, admission.facts(ref), rules)
    const explanation = { ...explained, live: true }
    const why = explanation.join ? admission.guestRefusal(ref, true) : undefined
    if (why) return withoutGuests(explanation, why)
    const isOpen = !explanation.join || admission.guestRefusal(ref, false) === undefined
    return isOpen ? explanation : { ...explanation, detail: `${explanation.detail}, over TLS only` }
  }

  /** The account whose reservation covers a channel of the commons. */
  ownerOf(name: string): string | undefined {
    return this.#parts.rights.ownerOf(name)
  }

  /** The channel of an app where one is named, otherwise the channel that a client of the commons would reach. */
  refOf(name: string, appId: string | undefined): ChannelRef {
    return appId === undefined ? this.#parts.admission.refOf(name) : channelRef(appId, name)
  }

  /** Whether an account may see what happens on a channel, be it in use or not. */
  maySee(account: Account | undefined, ref: ChannelRef): boolean {
    return this.#parts.rights.maySee(account, ref)
  }

  #note(ref: ChannelRef, kind: 'channel' | 'connection', id: string, name: string): Soon<void> {
    const { audit, ledger } = this.#parts
    return ledger.commit(() =>
      audit.record({
        action: 'disconnect',
        kind,
        id: this.withoutKeys(id, ref),
        name: this.withoutKeys(name, ref),
        accountId: this.accountOf(ref),
      }),
    )
  }

  /** Hides the keys of a channel in a text about it. */
  withoutKeys(text: string, { name }: ChannelRef): string {
    return this.#parts.conceal(text, name)
  }

  /** Id of the account that a channel belongs to; the owner account for an open one. */
  accountOf({ realm, name }: ChannelRef): string {
    const { accounts, apps } = this.#parts
    const app = realm === COMMONS ? undefined : apps.find(realm)
    const owner = app?.ok ? app.value.accountId : this.ownerOf(name)
    return owner ?? accounts.ensureOwner().id
  }
}

/** A connection that is on none of the nodes that have answered may be on one that has not. */
function notEnded(missing: readonly string[]): Result<never> {
  return missing.length === 0
    ? fail('connection_unknown')
    : fail(
        'engine_unreachable',
        `no such connection is known, but not all nodes answer: ${missing.join(', ')}`,
      )
}

function viewedBy(account: Account | undefined): Viewed {
  return account ? { viewer: { id: account.id } } : {}
}
