/** A WebSocket handshake over TLS from a chosen address of the loopback, as if other machines were calling. */
import * as net from 'node:net'
import * as tls from 'node:tls'

export interface Handshake {
  /** HTTP status of the answer. */
  readonly status: number
  end(): void
}

export function handshakeFrom(localAddress: string, url: string, ca: string): Promise<Handshake> {
  const { hostname, host, port, pathname } = new URL(url)
  const head = [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  return new Promise((resolve, reject) => {
    const plain = net.connect({ host: '127.0.0.1', port: Number(port), localAddress })
    plain.on('error', reject)
    const socket = tls.connect({ socket: plain, servername: hostname, ca })
    socket.on('error', reject)
    socket.on('secureConnect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`))
    socket.once('data', (chunk: Buffer) => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1])
      resolve({ status, end: () => socket.destroy() })
    })
  })
}
