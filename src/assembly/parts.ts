/** Builds the parts of the server, each from those above it, so that nothing is asked for before it is there. */
import type { Config } from '../config.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import type { Encode } from '../core/delivery.ts'
import type { Owners } from '../core/owners.ts'
import { TimerWheel } from '../core/timer-wheel.ts'
import { logger } from '../ops/logs.ts'
import { Refusals } from '../ops/refusals.ts'
import {
  PROTOCOL as ABLY,
  encode as encodeAbly,
} from '../protocol/ably/realtime/encoding/encode.ts'
import { STREAM_PROTOCOL, encodeForStreams } from '../protocol/ably/stream/encode.ts'
import { encode as encodeItty } from '../protocol/itty/frames.ts'
import { PROTOCOL as ITTY } from '../protocol/itty/itty.ts'
import { concealing } from '../service/live/misplaced-keys.ts'
import type { Services } from '../service/services.ts'
import { Ably } from './ably.ts'
import { Channels } from './channels.ts'
import { makeComet } from './comet.ts'
import { HistoryMark } from './history-mark.ts'
import { openKeptHistory } from './history.ts'
import { makeItty } from './itty.ts'
import { Lifecycle } from './lifecycle.ts'
import { LiveSettings } from './live-settings.ts'
import { Monitoring } from './monitoring.ts'
import { makeOwners } from './owners.ts'
import { RunningState } from './running-state.ts'
import { SettingsTroubles } from './settings-troubles.ts'
import { Transport } from './transport.ts'
import { Web } from './web.ts'

/** What tests replace. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Randomness
}

export type Parts = ReturnType<typeof buildParts>

const ENCODERS: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  [ITTY, encodeItty],
  [ABLY, encodeAbly],
  [STREAM_PROTOCOL, encodeForStreams],
])

/** @throws StartError where files of the data folder cannot be used */
export function buildParts(config: Config, surroundings: Surroundings, services: Services) {
  const { clock } = surroundings
  const lifecycle = new Lifecycle()
  const monitoring = new Monitoring(clock)
  const wheel = new TimerWheel(clock.elapsed())
  const base = { ...surroundings, config, services, monitoring, wheel, lifecycle }
  const transport = new Transport(base)

  const known = buildSettings(base)
  const history = openKeptHistory({ ...base, ...known, folder: services.folder })
  const { log } = monitoring
  const { store } = services
  const mark = new HistoryMark({ store, history, log, onTrouble: known.troubles.tell })
  const kept = { ...base, ...known, transport, history, mark }
  const channels = buildChannels(kept)
  const protocols = buildProtocols({ ...kept, channels })

  const { connections, realtime } = protocols
  const state = new RunningState({
    folder: services.folder,
    keyring: services.keyring,
    channels,
    connections,
    isApp: (appId) => known.settings.apps.app(appId) !== undefined,
    clock,
    log,
    onBug: monitoring.faults.bug,
  })
  const web = new Web({ ...base, ...known, channels, realtime, history })
  return { ...kept, ...protocols, channels, state, web }
}

interface Base extends Surroundings {
  readonly config: Config
  readonly services: Services
  readonly monitoring: Monitoring
  readonly wheel: TimerWheel
  readonly lifecycle: Lifecycle
}

/** What the server knows of its settings while it runs, and what depends on nothing else. */
function buildSettings({ clock, config, monitoring, random, services }: Base) {
  const { appCounters, counters, faults, log } = monitoring
  const troubles = new SettingsTroubles(log, faults.bug)
  services.ledger.watch(troubles.over)
  const settings = new LiveSettings({
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
  const { clock, config, history, mark, monitoring, owners, random, settings, transport } = needs
  const { apps, rules } = settings
  const { sockets } = transport
  return new Channels({
    clock,
    random,
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
    onSlowReaders: (slow) => sockets.markSlowReaders(slow),
  })
}

interface ProtocolNeeds extends Known {
  readonly channels: Channels
}

function buildProtocols(needs: ProtocolNeeds) {
  const { channels, clock, config, monitoring, owners, random, refusals, settings } = needs
  const { services, transport, wheel } = needs
  const { appCounters, counters, faults } = monitoring
  const { admission, doors } = transport
  const { hub } = channels
  const itty = makeItty({ ...needs, hub, keyring: services.keyring, admission })
  const ably = new Ably({
    clock,
    random,
    config,
    services,
    wheel,
    directory: settings.apps,
    keyUses: settings.keyUses,
    channels,
    owners,
    counters,
    appCounters,
    doors,
    mayMakeApp: (visit) => admission.mayPush(visit),
    chargeApp: (visit, cost) => admission.chargePushes(visit, cost),
    onChange: () => settings.refresh(),
    onRefusal: (why, detail) => refusals.record(why, detail),
    onNotice: (text) => faults.notice(text),
    onBug: faults.bug,
    onFault: (fault) => faults.fault('token requests cannot be noted', fault),
  })
  const { realtime } = ably
  const comet = makeComet({ config, clock, wheel, doors, realtime, onBug: faults.bug })
  return { itty, ably, realtime, connections: realtime.connections, comet }
}
