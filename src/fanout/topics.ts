/** Fan-out over Bun's native topics: one topic a group, so a publish costs nothing per recipient in JavaScript. */
import type { Server, ServerWebSocket } from 'bun'
import type { ChannelRef, Format, Frame, Socket } from '../core/types.ts'
import type { Fanout, Group } from './fanout.ts'

/** A socket that Bun's topics can reach. */
export interface TopicSocket extends Socket {
  readonly ws: ServerWebSocket<unknown>
  /** Whether the socket has its private topic yet; most never need one. */
  hasPrivateTopic: boolean
}

interface TopicGroup extends Group {
  size: number
}

const NOBODY: readonly Group[] = Object.freeze([])

export class TopicFanout implements Fanout {
  readonly #server: () => Pick<Server<unknown>, 'publish'>
  readonly #groups = new Map<string, TopicGroup[]>()

  /** @param server asked for at each publish, because sockets exist only once the server does */
  constructor(server: () => Pick<Server<unknown>, 'publish'>) {
    this.#server = server
  }

  join(socket: Socket, channel: ChannelRef, format: Format): Group {
    const group = this.#group(channel, format)
    group.size++
    asTopicSocket(socket).ws.subscribe(group.topic)
    return group
  }

  leave(socket: Socket, group: Group): void {
    const groups = this.#groups.get(group.channel.key)
    const own = groups?.find((candidate) => candidate === group)
    if (!groups || !own) return
    // Does nothing on a closed socket: Bun has already dropped its subscriptions then.
    asTopicSocket(socket).ws.unsubscribe(group.topic)
    own.size--
    if (own.size > 0) return
    groups.splice(groups.indexOf(own), 1)
    if (groups.length === 0) this.#groups.delete(group.channel.key)
  }

  groups(channel: ChannelRef): readonly Group[] {
    return this.#groups.get(channel.key) ?? NOBODY
  }

  deliver(group: Group, frame: Frame, except: Socket | undefined): boolean {
    // The result is that of the worst recipient, so it can serve as a hint and nothing else.
    const result = except
      ? asTopicSocket(except).ws.publish(group.topic, frame)
      : this.#server().publish(group.topic, frame)
    return result < 0
  }

  direct(socket: Socket, frame: Frame): boolean {
    const target = asTopicSocket(socket)
    const topic = `@${target.id}`
    // A `send` from another socket's handler would end the batching of the target's writes; a topic of
    // its own keeps order and batching, and costs memory only for those who are addressed directly.
    if (!target.hasPrivateTopic) {
      target.ws.subscribe(topic)
      target.hasPrivateTopic = true
    }
    return this.#server().publish(topic, frame) < 0
  }

  #group(channel: ChannelRef, format: Format): TopicGroup {
    const groups = this.#groups.get(channel.key)
    const known = groups?.find(
      (group) =>
        group.format.protocol === format.protocol && group.format.variant === format.variant,
    )
    if (known) return known
    const topic = `${format.protocol}.${format.variant}\n${channel.key}`
    const group: TopicGroup = { topic, channel, format, size: 0 }
    if (groups) groups.push(group)
    else this.#groups.set(channel.key, [group])
    return group
  }
}

/** This fan-out and the WebSocket transport come as a pair: every socket it is handed has a `ws`. */
function asTopicSocket(socket: Socket): TopicSocket {
  return socket as TopicSocket
}
