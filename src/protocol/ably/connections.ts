/** The seam to the connections that are open, as far as requests over REST are about one of them. */

export interface LiveConnection {
  readonly connectionId: string
  /** Undefined for one that is anonymous, or that may be anybody and is nobody yet. */
  readonly clientId: string | undefined
}

export interface Connections {
  /** @returns undefined for a key that is wrong, or of another app */
  byKey(connectionKey: string, appId: string): LiveConnection | undefined
}

/** For a server without connections. */
export const NO_CONNECTIONS: Connections = { byKey: () => undefined }
