/** Starts the server, and stops it: what is done in which order. What it consists of is in `assembly/`. */
import { drainClients } from './assembly/drain-clients.ts'
import { type FewFiles, fewFiles } from './assembly/few-files.ts'
import { type Parts, type Surroundings, buildParts } from './assembly/parts.ts'
import { refusePublicSandbox } from './assembly/public-sandbox.ts'
import { closeAll, closeQuietly } from './closing.ts'
import type { Config } from './config.ts'
import { systemClock, systemRandomness } from './core/clock.ts'
import { connectionLimit } from './policy/shares.ts'
import { LiveService } from './service/live/live.ts'
import { LiveNode } from './service/live/live-node.ts'
import { LiveRights } from './service/live/live-rights.ts'
import type { UnshownKey } from './service/apps/root-key.ts'
import { type Services, databaseTrouble, openServices } from './service/services.ts'
import type { Listeners } from './transport/listen.ts'

export interface RunningServer {
  /** The main listener's own address, such as `http://localhost:8080`, without the base path. */
  readonly url: string
  readonly port: number
  /** Every address that a person might want to open. */
  readonly addresses: readonly string[]
  /** The data folder; undefined where everything is in memory. */
  readonly folder: string | undefined
  /** The root key of the default app, until it has been shown. */
  readonly unshownKey: UnshownKey | undefined
  /** The one-time link by which somebody becomes the owner, while nobody is. */
  readonly claimLink: string | undefined
  /** Where fewer files may be open than `--max-connections` needs. */
  readonly fewFiles: FewFiles | undefined
  /** Refuses new sockets, closes the open ones a few at a time, and lets go of everything. */
  stop(): Promise<void>
}

const SYSTEM: Surroundings = { clock: systemClock, random: systemRandomness }

/** @throws StartError when something outside the program prevents the start */
export async function startServer(
  config: Config,
  surroundings: Surroundings = SYSTEM,
): Promise<RunningServer> {
  await refusePublicSandbox(config)
  const services = openServices(config, surroundings.clock, true)
  try {
    return await start(config, buildParts(config, surroundings, services))
  } catch (error) {
    await closeQuietly([() => services.stop()])
    throw databaseTrouble(services.folder, error)
  }
}

async function start(config: Config, parts: Parts): Promise<RunningServer> {
  try {
    return await startParts(config, parts)
  } catch (error) {
    await closeQuietly([
      () => stopTimers(parts),
      () => parts.transport.stop(),
      () => parts.history.stop(),
    ])
    throw error
  }
}

async function startParts(config: Config, parts: Parts): Promise<RunningServer> {
  const { channels, clock, credentials, history, mark, monitoring, services, settings, state } =
    parts
  await channels.start()
  followSettings(parts)
  parts.wheel.start(clock)
  parts.protocols.start()
  settings.start()
  monitoring.start()
  parts.web.health.start()
  const live = liveService(config, parts)
  let claimLink: string | undefined
  const listeners = await services.claimFolder(() => {
    mark.check(services.rootKey.unshown()?.isNew === true)
    state.restore()
    credentials.restore()
    const opened = listen(parts, live)
    state.discard()
    claimLink = ownerClaimLink(services, opened.addresses[0])
    return opened
  })
  services.ledger.serve(parts.troubles.tell)
  history.start()
  mark.start()
  settings.startCounting()
  const { url, port, addresses } = listeners
  return {
    url,
    port,
    addresses,
    folder: services.folder,
    unshownKey: services.rootKey.unshown(),
    claimLink,
    fewFiles: fewFilesFor(config, parts),
    stop: () => stop(config, parts),
  }
}

/** What changes in the database counts at once for whoever is connected. */
function followSettings({ channels, settings }: Parts): void {
  const { registry, review } = channels
  settings.onRulesChanged((concerns) => review.reservations(concerns))
  settings.onAppRemoved((appId) => registry.forget(appId))
  settings.apps.onChange((appId) => {
    review.app(appId)
    channels.limitsChanged(appId)
  })
}

function fewFilesFor({ maxConnections }: Config, { monitoring }: Parts): FewFiles | undefined {
  const { max, beyond } = connectionLimit(maxConnections)
  return fewFiles(monitoring.files, maxConnections, max + beyond)
}

function liveService(config: Config, parts: Parts): LiveService {
  const { channels, clock, cluster, conceal, handlers, monitoring, protocols, services } = parts
  const { appCounters } = monitoring
  const rights = new LiveRights({ ...services, ...channels })
  const node = new LiveNode({
    ...channels,
    rights,
    idPrefix: cluster.self.idPrefix,
    connections: protocols.ably.realtime.overview,
    openOf: (realm) => appCounters.of(realm).connections.all.now,
    clock,
    conceal,
  })
  node.answerTo(handlers)
  return new LiveService({ ...services, ...channels, cluster, rights, rules: config, conceal })
}

function listen(parts: Parts, live: LiveService): Listeners {
  const { protocols, refusals, services, transport, web } = parts
  return transport.listen({
    endpoints: [...protocols.endpoints, web.dashboard(live)],
    http: web.http(live),
    metrics: web.hasMetricsPort ? web.metrics : undefined,
    control: web.control(live),
    folder: services.folder,
    onRefusal: (why, detail) => refusals.record(why, detail),
  })
}

/** @param address where people can open the dashboard */
function ownerClaimLink(services: Services, address: string | undefined): string | undefined {
  const { accounts, oneTimeLinks, people } = services
  const owner = accounts.ensureOwner()
  if (address !== undefined) oneTimeLinks.keepAddress(address)
  return people.isUnclaimed(owner) ? oneTimeLinks.claim(owner) : undefined
}

async function stop(config: Config, parts: Parts): Promise<void> {
  const { credentials, history, lifecycle, protocols, services, transport } = parts
  if (lifecycle.isDraining) return
  lifecycle.isDraining = true
  protocols.hold()
  await drainClients({
    sockets: transport.sockets,
    protocols,
    pendingRequests: () => transport.pendingRequests,
    withinMs: config.drainSeconds * 1000,
    random: parts.random,
  })
  await closeAll([
    // What the parts still write when they stop must not meet a lock of another program.
    () => services.ledger.ready().catch(() => {}),
    () => stopTimers(parts),
    () => transport.stopServing(),
    () => saveState(parts),
    () => credentials.close(),
    () => parts.mark.stop(),
    () => transport.stop(),
    () => history.stop(),
    () => services.stop(),
  ])
}

/** Before the folder is let go: another server that starts must find what its clients go on from. */
async function saveState({ channels, history, state }: Parts): Promise<void> {
  await channels.settle()
  await history.settle()
  // Acknowledgements that waited for the disk go out in the next turn, and change what clients resume from.
  await new Promise(setImmediate)
  state.save()
}

function stopTimers(parts: Parts): void {
  parts.wheel.stop()
  parts.refusals.stop()
  parts.monitoring.stop()
  parts.protocols.stop()
  parts.channels.stop()
  parts.settings.stop()
  parts.web.stop()
}
