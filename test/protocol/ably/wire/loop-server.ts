/** As little of a server as the published client needs to talk to: it answers with our frames, and keeps what it reads. */
import type { Server, ServerWebSocket } from 'bun'
import { MODE } from '../../../../src/core/modes.ts'
import { ACTION, DEFAULT_MODES, flagsOf } from '../../../../src/protocol/ably/wire/actions.ts'
import type { Format } from '../../../../src/protocol/ably/wire/format.ts'
import { type ClientFrame, readFrame } from '../../../../src/protocol/ably/wire/frame-reader.ts'
import { controlFrame } from '../../../../src/protocol/ably/wire/frames.ts'

type Socket = ServerWebSocket<undefined>

export class LoopServer {
  readonly frames: ClientFrame[] = []
  readonly #server: Server<undefined>
  readonly #format: Format
  #socket: Socket | undefined

  constructor(format: Format) {
    this.#format = format
    this.#server = Bun.serve<undefined>({
      port: 0,
      fetch: (request, server) =>
        server.upgrade(request) ? undefined : new Response(null, { status: 404 }),
      websocket: {
        open: (socket) => this.#opened(socket),
        message: (_, frame) => this.#received(frame),
      },
    })
  }

  get port(): number {
    return this.#server.port!
  }

  send(frame: string | Uint8Array): void {
    this.#socket!.send(frame)
  }

  /** The frames of one kind, in their order. */
  of<K extends ClientFrame['kind']>(kind: K): Extract<ClientFrame, { kind: K }>[] {
    return this.frames.filter(
      (frame): frame is Extract<ClientFrame, { kind: K }> => frame.kind === kind,
    )
  }

  end(): Promise<void> {
    return this.#server.stop(true)
  }

  #opened(socket: Socket): void {
    this.#socket = socket
    const connectionDetails = { connectionKey: 'key', maxIdleInterval: 15_000, clientId: undefined }
    this.#answer({ action: ACTION.CONNECTED, connectionId: 'c1', connectionDetails })
  }

  #answer(message: Record<string, unknown>): void {
    this.send(controlFrame(message, this.#format))
  }

  #received(received: string | Uint8Array): void {
    const frame = readFrame(received)
    if (!frame.ok) throw new Error(frame.failure.message)
    this.frames.push(frame.value)
    switch (frame.value.kind) {
      case 'attach': {
        const { channel } = frame.value
        const flags = flagsOf(DEFAULT_MODES | MODE.annotationSubscribe)
        return this.#answer({ action: ACTION.ATTACHED, channel, channelSerial: 'p0', flags })
      }
      case 'message':
      case 'presence':
      case 'annotation': {
        const { msgSerial } = frame.value
        const res = [{ serials: ['p1:000'] }]
        return this.#answer({ action: ACTION.ACK, msgSerial, count: 1, res })
      }
      case 'close':
        return this.#answer({ action: ACTION.CLOSED })
    }
  }
}
