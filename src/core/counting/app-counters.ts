/**
 * What is counted for each app, for its statistics: plain numbers in objects that hot code holds on to and adds to.
 * About once a second they are written down and start again at nought, so nothing may be read from them.
 */

/** Messages of one kind, on one way. */
export class Traffic {
  /** Messages that went through; of those sent, one for each recipient. */
  count = 0
  /** Their size in bytes, as limits measure it. */
  data = 0
  /** Messages that did not get through though nobody was to blame. */
  failed = 0
  /** Messages turned away: malformed, not permitted, or over a limit. */
  refused = 0
}

/** Presence messages are counted apart from all others. */
export class Kinds {
  readonly messages = new Traffic()
  readonly presence = new Traffic()
}

/** Over connections, or by requests. */
export class Transports {
  readonly realtime = new Kinds()
  readonly rest = new Kinds()
}

/** How many of something there are. */
export class Gauge {
  /** At this moment. */
  now = 0
  /** The most and the least at a time since they were written down. */
  peak = 0
  min = 0
  opened = 0
  failed = 0
  /** Not opened: not permitted, or over a limit. */
  refused = 0

  /** There is one more. */
  open(): void {
    this.opened++
    this.now++
    if (this.now > this.peak) this.peak = this.now
  }

  /** There is one less. */
  close(): void {
    this.now--
    if (this.now < this.min) this.min = this.now
  }
}

export class Connections {
  readonly all = new Gauge()
  readonly tls = new Gauge()
  readonly plain = new Gauge()

  /** @param secure whether the client's own connection is encrypted; the same when it closes */
  open(secure: boolean): void {
    this.all.open()
    this.#of(secure).open()
  }

  close(secure: boolean): void {
    this.all.close()
    this.#of(secure).close()
  }

  refuse(secure: boolean): void {
    this.#of(secure).refused++
  }

  #of(secure: boolean): Gauge {
    return secure ? this.tls : this.plain
  }
}

/** HTTP requests by how they ended. */
export class Requests {
  succeeded = 0
  failed = 0
  /** Not permitted, or over a limit. */
  refused = 0
}

export class AppCount {
  /** From publishers to this server. */
  readonly inbound = new Transports()
  /** From this server to subscribers, and to readers of history. */
  readonly outbound = new Transports()
  /** Written to disk, because a rule of the channel says so. */
  readonly persisted = new Kinds()
  readonly connections = new Connections()
  /** Channels of the app that are in use. */
  readonly channels = new Gauge()
  /** REST requests other than those for tokens. */
  readonly apiRequests = new Requests()
  readonly tokenRequests = new Requests()
}

export class AppCounters {
  readonly #apps = new Map<string, AppCount>()

  /** The counters of an app, or of the commons: always the same object while the app exists. */
  of(appId: string): AppCount {
    let count = this.#apps.get(appId)
    if (!count) this.#apps.set(appId, (count = new AppCount()))
    return count
  }

  /** Of an app that is gone. */
  forget(appId: string): void {
    this.#apps.delete(appId)
  }

  [Symbol.iterator](): Iterator<[appId: string, count: AppCount]> {
    return this.#apps.entries()
  }
}
