/** The objects of channels, brought into memory when somebody asks for them: most channels have none. */
import type { Channel } from '../channel/channel.ts'
import { ChannelObjects } from './channel-objects.ts'

export class ObjectLoading {
  of(channel: Channel): ChannelObjects {
    return (channel.objects ??= new ChannelObjects())
  }
}
