/** Connections of apps as the API, the command line and the dashboard show them. */
import { failure } from '../../../../failure.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'

export interface OpenConnection {
  readonly id: string
  readonly appId: string
  /** `appId.keyId` of the key that it was opened with, or that its token is of. */
  readonly key: string
  readonly clientId: string | undefined
  /** Undefined while the connection has no transport. */
  readonly address: string | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly secure: boolean
  /** Names of the channels that it has attached. */
  readonly channels: readonly string[]
}

export class ConnectionOverview {
  readonly #connections: Connections

  constructor(connections: Connections) {
    this.#connections = connections
  }

  *of(appId: string): Iterable<OpenConnection> {
    for (const connection of this.#connections.ofApp(appId)) yield view(connection)
  }

  countOf(appId: string): number {
    return this.#connections.countOf(appId)
  }

  awayOf(appId: string): number {
    let away = 0
    for (const { transport } of this.#connections.ofApp(appId)) if (!transport) away++
    return away
  }

  byId(appId: string, id: string): OpenConnection | undefined {
    const found = this.#connections.byId(appId, id)
    return found && view(found)
  }

  /** @returns whether the connection existed */
  disconnect(appId: string, id: string): boolean {
    const connection = this.#connections.byId(appId, id)
    if (!connection) return false
    if (connection.transport) connection.transport.expel(failure('disconnected'))
    else this.#connections.close(connection)
    return true
  }
}

function view(connection: Connection): OpenConnection {
  const { id, appId, clientId, since, identified, transport } = connection
  return {
    id,
    appId,
    key: `${appId}.${identified.principal.keyId}`,
    clientId,
    address: transport?.client.socket.address,
    since,
    secure: identified.secure,
    channels: transport?.client.attachments.keys() ?? [],
  }
}
