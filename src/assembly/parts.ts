/** Builds the parts of the server, each from those above it, so that nothing is asked for before it is there. */
import { IdSource } from '../core/id-source.ts'
import { siteCodeOf } from './site-code.ts'
import type { Config } from '../config.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import type { Owners } from '../core/owners.ts'
import { TimerWheel } from '../core/time/timer-wheel.ts'
import { logger } from '../ops/logs.ts'
import { Refusals } from '../ops/refusals.ts'
import { concealing } from '../service/live/misplaced-keys.ts'
import type { MakeFinder } from '../protocol/ably/connection/live-connections.ts'
import type { Services } from '../service/services.ts'
import type { MakeEngine } from '../engine/embedded.ts'
import { Channels } from './channels.ts'
import { type MakeCluster, type Nodes, joinCluster } from './cluster.ts'
import { AppCredentials } from './credentials.ts'
import { HistoryMark } from './history-mark.ts'
import { openKeptHistory } from './history.ts'
import { Lifecycle } from './lifecycle.ts'
import { LiveSettings } from './live-settings.ts'
import { Monitoring } from './monitoring.ts'
import { makeOwners } from './share-owners.ts'
import { ENCODERS, Protocols } from './protocols.ts'
import { RunningState } from './running-state.ts'
import { SettingsTroubles } from './settings-troubles.ts'
import { Transport } from './transport.ts'
import { Web } from './web.ts'

/** What tests replace. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Randomness
  readonly engine?: MakeEngine | undefined
  readonly cluster?: MakeCluster | undefined
  readonly makeFinder?: MakeFinder | undefined
}

export type Parts = ReturnType<typeof buildParts>

/** @throws StartError where files of the data folder cannot be used */
export function buildParts(config: Config, surroundings: Surroundings, services: Services) {
  const { clock } = surroundings
  const lifecycle = new Lifecycle()
  const monitoring = new Monitoring(clock)
  const wheel = new TimerWheel(clock.elapsed())
  const nodes = joinCluster(clock, surroundings.random, surroundings.cluster)
  const base = { ...surroundings, ...nodes, config, services, monitoring, wheel, lifecycle }
  const transport = new Transport(base)

  const known = buildSettings(base)
  const history = openKeptHistory({ ...base, ...known, folder: services.folder })
  const { log } = monitoring
  const mark = new HistoryMark({
    ...services,
    history,
    log,
    onTrouble: known.troubles.tell,
  })
  const kept = { ...base, ...known, transport, history, mark }
  const channels = buildChannels(kept)
  const credentials = buildCredentials(kept)
  const protocols = buildProtocols({ ...kept, channels, credentials })

  const { realtime } = protocols.ably
  const state = new RunningState({
    folder: services.folder,
    keyring: services.keyring,
    channels,
    connections: realtime.connections,
    isApp: (appId) => known.settings.apps.app(appId) !== undefined,
    clock,
    log,
    onBug: monitoring.faults.bug,
  })
  const web = new Web({ ...base, ...known, channels, realtime, history })
  return { ...kept, channels, credentials, protocols, state, web }
}

interface Base extends Omit<Surroundings, 'cluster'>, Nodes {
  readonly config: Config
  readonly services: Services
  readonly monitoring: Monitoring
  readonly wheel: TimerWheel
  readonly lifecycle: Lifecycle
}

/** What the server knows of its settings while it runs, and what depends on nothing else. */
function buildSettings({ clock, cluster, config, monitoring, random, services }: Base) {
  const { appCounters, counters, faults, log } = monitoring
  const troubles = new SettingsTroubles(log, faults.bug)
  services.ledger.watch(troubles.over)
  const settings = new LiveSettings({
    cluster,
    clock,
    random,
    services,
    appCounters,
    onTrouble: troubles.tell,
  })
  const { namespaces } = settings.rules
  const conceal = concealing(namespaces, (key) => services.keyring.digest(key))
  const refusals = new Refusals({ counters, clock, log: logger('refusal'), config, conceal })
  const owners = makeOwners(settings.apps, namespaces)
  return { troubles, settings, conceal, refusals, owners }
}

interface Known extends Base {
  readonly settings: LiveSettings
  readonly owners: Owners
  readonly refusals: Refusals
  readonly transport: Transport
}

interface ChannelNeeds extends Known {
  readonly history: ReturnType<typeof openKeptHistory>
  readonly mark: HistoryMark
}

function buildChannels(needs: ChannelNeeds): Channels {
  const { clock, config, engine, history, mark, monitoring, owners, random } = needs
  const { services, settings, transport, wheel } = needs
  const { apps, rules } = settings
  const { sockets } = transport
  return new Channels({
    clock,
    random,
    wheel,
    config,
    counters: monitoring.counters,
    appCounters: monitoring.appCounters,
    fanout: transport.fanout,
    encoders: ENCODERS,
    namespaces: rules.namespaces,
    owners,
    ruleOf: ({ realm, name }) => apps.ruleOf(realm, name),
    maxPresenceMembers: (appId) =>
      apps.app(appId)?.limits.maxPresenceMembers ?? config.maxPresenceMembers,
    appOf: (realm) => apps.app(realm),
    log: history,
    lastPosition: mark.lastPosition,
    engine,
    onBug: monitoring.faults.bug,
    siteCode: siteCodeOf({ ...services, random: (length) => new IdSource(random).next(length) }),
    onSlowReaders: (slow) => sockets.markSlowReaders(slow),
  })
}

function buildCredentials(needs: Known): AppCredentials {
  const { clock, cluster, monitoring, random, services, settings } = needs
  return new AppCredentials({
    clock,
    random,
    cluster,
    services,
    directory: settings.apps,
    keyUses: settings.keyUses,
    onFault: (fault) => monitoring.faults.fault('token requests cannot be noted', fault),
  })
}

interface ProtocolNeeds extends Known {
  readonly channels: Channels
  readonly credentials: AppCredentials
}

function buildProtocols({ monitoring, refusals, transport, ...needs }: ProtocolNeeds): Protocols {
  const { appCounters, counters, faults } = monitoring
  const { admission, httpAdmission } = transport
  return new Protocols({
    ...needs,
    appCounters,
    counters,
    admission,
    httpAdmission,
    onRefusal: (why, detail) => refusals.record(why, detail),
    onMessageRefused: (why, detail) => refusals.remember(why, detail),
    onNotice: (text) => faults.notice(text),
    onBug: faults.bug,
  })
}
