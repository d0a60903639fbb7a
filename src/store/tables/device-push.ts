/** Reads and writes devices that get push notifications, and their subscriptions. */
import {
  type Placeholder,
  type SQL,
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNull,
  lt,
  lte,
  ne,
  or,
  sql,
} from 'drizzle-orm'
import type { Store } from '../database.ts'
import { apps } from '../schema/apps.ts'
import { pushDevices, pushSubscriptions } from '../schema/device-push.ts'

export type PushDeviceRow = typeof pushDevices.$inferSelect
export type PushSubscriptionRow = typeof pushSubscriptions.$inferSelect
type Kind = PushSubscriptionRow['kind']

/** Undefined fields match everything. */
export interface DeviceMatch {
  readonly deviceId?: string | undefined
  readonly clientId?: string | undefined
  /** Only devices that have ended by this time, or only those that have not. */
  readonly ended?: { readonly is: boolean; readonly by: number } | undefined
}

/** The targets of revocations, by kind. */
export interface TokenNames {
  readonly clients: string[]
  readonly revocationKeys: string[]
  readonly channels: string[]
}

export interface SubscriptionMatch extends DeviceMatch {
  readonly channel?: string | undefined
  /** Where device and client are given, one of them is enough. */
  readonly either?: boolean
}

export class PushDeviceTable {
  readonly #db: Store['db']
  readonly #prepared: ReturnType<typeof prepareDevices>

  constructor({ db }: Store) {
    this.#db = db
    this.#prepared = prepareDevices(db)
  }

  find(appId: string, id: string): PushDeviceRow | undefined {
    return this.#prepared.find.get({ appId, id })
  }

  byToken(digest: Buffer): PushDeviceRow | undefined {
    return this.#db.select().from(pushDevices).where(eq(pushDevices.tokenDigest, digest)).get()
  }

  /** Ordered by id. @param after only greater ids */
  list(appId: string, match: DeviceMatch, after: string | undefined, limit: number) {
    const beyond = after === undefined ? undefined : gt(pushDevices.id, after)
    return this.#db
      .select()
      .from(pushDevices)
      .where(and(matchingDevices(appId, match), beyond))
      .orderBy(asc(pushDevices.id))
      .limit(limit)
      .all()
  }

  /** Number of an app, together with all sandbox apps created by the same address. */
  count(appId: string): number {
    return this.#prepared.count.get({ appId })!.devices
  }

  /** Adds a device, or replaces the one with its id, whose token and time of creation stay. */
  put(row: PushDeviceRow): void {
    const { appId: _, id: __, tokenDigest: ___, createdAt: ____, ...set } = row
    const target = [pushDevices.appId, pushDevices.id]
    this.#db.insert(pushDevices).values(row).onConflictDoUpdate({ target, set }).run()
  }

  setToken(appId: string, id: string, tokenDigest: Buffer): void {
    this.#db.update(pushDevices).set({ tokenDigest }).where(isDevice(appId, id)).run()
  }

  /** Devices that revocations of these targets may concern; the time of registration is not compared here. */
  named(appId: string, { clients, revocationKeys, channels }: TokenNames): PushDeviceRow[] {
    const { clientId, origin, tokenClientId, revocationKey } = pushDevices
    const isNamed = or(
      inArray(clientId, clients),
      inArray(tokenClientId, clients),
      inArray(revocationKey, revocationKeys),
      channels.length === 0 ? undefined : or(isNull(origin), namesOneOf(channels)),
    )
    const where = and(eq(pushDevices.appId, appId), isNamed)
    return this.#db.select().from(pushDevices).where(where).all()
  }

  end(appId: string, id: string, endsAt: number): void {
    this.#db.update(pushDevices).set({ endsAt }).where(isDevice(appId, id)).run()
  }

  /** @returns the ids of the removed devices */
  remove(appId: string, match: DeviceMatch): string[] {
    const where = matchingDevices(appId, match)
    return this.#db
      .delete(pushDevices)
      .where(where)
      .returning({ id: pushDevices.id })
      .all()
      .map(({ id }) => id)
  }

  /** Devices subscribed to a channel, themselves or by their client. */
  onChannel(appId: string, channel: string, transport: string): PushDeviceRow[] {
    const where = and(this.#onChannel(appId, channel), eq(pushDevices.transport, transport))
    return this.#db.select().from(pushDevices).where(where).all()
  }

  /** Whether devices are subscribed that are reached by another transport. */
  hasOthers(appId: string, channel: string, transport: string): boolean {
    const where = and(this.#onChannel(appId, channel), ne(pushDevices.transport, transport))
    const found = this.#db.select({ id: pushDevices.id }).from(pushDevices).where(where).limit(1)
    return found.get() !== undefined
  }

  #onChannel(appId: string, channel: string): SQL | undefined {
    const subscribers = (kind: Kind) =>
      this.#db
        .select({ subscriber: pushSubscriptions.subscriber })
        .from(pushSubscriptions)
        .where(
          and(
            eq(pushSubscriptions.appId, appId),
            eq(pushSubscriptions.channel, channel),
            eq(pushSubscriptions.kind, kind),
          ),
        )
    return and(
      eq(pushDevices.appId, appId),
      or(
        inArray(pushDevices.id, subscribers('device')),
        inArray(pushDevices.clientId, subscribers('client')),
      ),
    )
  }
}

function namesOneOf(channels: string[]): SQL {
  const resources = sql`json_each(${pushDevices.origin}, '$.tokenResources')`
  return sql`exists (select 1 from ${resources} where ${inArray(sql`value`, channels)})`
}

/** Prepared once: every registration of a device runs them. */
function prepareDevices(db: Store['db']) {
  const [appId, id] = [sql.placeholder('appId'), sql.placeholder('id')]
  return {
    find: db.select().from(pushDevices).where(isDevice(appId, id)).prepare(),
    count: db
      .select({ devices: count() })
      .from(pushDevices)
      .where(ofShare(db, pushDevices.appId, appId))
      .prepare(),
  }
}

function isDevice(appId: string | Placeholder, id: string | Placeholder): SQL | undefined {
  return and(eq(pushDevices.appId, appId), eq(pushDevices.id, id))
}

function hasEnded({ is, by }: NonNullable<DeviceMatch['ended']>): SQL | undefined {
  const { endsAt } = pushDevices
  return is ? lte(endsAt, by) : or(isNull(endsAt), gt(endsAt, by))
}

function matchingDevices(
  appId: string,
  { deviceId, clientId, ended }: DeviceMatch,
): SQL | undefined {
  return and(
    eq(pushDevices.appId, appId),
    deviceId === undefined ? undefined : eq(pushDevices.id, deviceId),
    clientId === undefined ? undefined : eq(pushDevices.clientId, clientId),
    ended && hasEnded(ended),
  )
}

export class PushSubscriptionTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  /** Ordered by channel, devices before clients, then by id. @param after only later ones */
  list(
    appId: string,
    match: SubscriptionMatch,
    after: Omit<PushSubscriptionRow, 'appId'> | undefined,
    limit: number,
  ): PushSubscriptionRow[] {
    const { channel, kind, subscriber } = pushSubscriptions
    const beyond =
      after &&
      or(
        gt(channel, after.channel),
        and(eq(channel, after.channel), lt(kind, after.kind)),
        and(eq(channel, after.channel), eq(kind, after.kind), gt(subscriber, after.subscriber)),
      )
    return this.#db
      .select()
      .from(pushSubscriptions)
      .where(and(matchingSubscriptions(appId, match), beyond))
      .orderBy(asc(channel), desc(kind), asc(subscriber))
      .limit(limit)
      .all()
  }

  /** Ordered by name. @param after only later ones */
  channels(appId: string, after: string | undefined, limit: number): string[] {
    const { channel } = pushSubscriptions
    const beyond = after === undefined ? undefined : gt(channel, after)
    return this.#db
      .selectDistinct({ channel })
      .from(pushSubscriptions)
      .where(and(eq(pushSubscriptions.appId, appId), beyond))
      .orderBy(asc(channel))
      .limit(limit)
      .all()
      .map((row) => row.channel)
  }

  /** Number of an app, together with all sandbox apps created by the same address. */
  count(appId: string): number {
    const where = ofShare(this.#db, pushSubscriptions.appId, appId)
    const row = this.#db.select({ rows: count() }).from(pushSubscriptions).where(where).get()
    return row!.rows
  }

  has({ appId, channel, kind, subscriber }: PushSubscriptionRow): boolean {
    const where = and(
      eq(pushSubscriptions.appId, appId),
      eq(pushSubscriptions.channel, channel),
      eq(pushSubscriptions.kind, kind),
      eq(pushSubscriptions.subscriber, subscriber),
    )
    return this.#db.select().from(pushSubscriptions).where(where).get() !== undefined
  }

  insert(row: PushSubscriptionRow): void {
    this.#db.insert(pushSubscriptions).values(row).run()
  }

  remove(appId: string, match: SubscriptionMatch): void {
    this.#db.delete(pushSubscriptions).where(matchingSubscriptions(appId, match)).run()
  }
}

function matchingSubscriptions(
  appId: string,
  { channel, deviceId, clientId, either }: SubscriptionMatch,
): SQL | undefined {
  const join = either === true ? or : and
  return and(
    eq(pushSubscriptions.appId, appId),
    channel === undefined ? undefined : eq(pushSubscriptions.channel, channel),
    join(isOf('device', deviceId), isOf('client', clientId)),
  )
}

function isOf(kind: Kind, subscriber: string | undefined): SQL | undefined {
  if (subscriber === undefined) return undefined
  return and(eq(pushSubscriptions.kind, kind), eq(pushSubscriptions.subscriber, subscriber))
}

/** Rows of an app and of all sandbox apps created by the same address, which share one limit. */
function ofShare(
  db: Store['db'],
  column: typeof pushDevices.appId | typeof pushSubscriptions.appId,
  appId: string | Placeholder,
): SQL {
  const maker = db.select({ madeBy: apps.madeBy }).from(apps).where(eq(apps.id, appId))
  const own = or(eq(apps.id, appId), inArray(apps.madeBy, maker))
  return inArray(column, db.select({ id: apps.id }).from(apps).where(own))
}
