// An unchanged discord.js with two shards: `node discord_js.mjs API`. Prints a JSON line for each thing that happens.
import { Client, Events, GatewayIntentBits } from 'discord.js';

const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
  shards: [0, 1],
  shardCount: 2,
  rest: { api: process.argv[2] },
});
client.on(Events.ShardReady, (shard) => say('shardReady', { shard }));
client.on(Events.ShardResume, (shard, replayed) => say('shardResume', { shard, replayed }));
client.on(Events.ShardReconnecting, (shard) => say('shardReconnecting', { shard }));
client.on(Events.ShardDisconnect, (closed, shard) => say('shardDisconnect', { shard, code: closed.code }));
client.on(Events.Error, (error) => say('error', { message: String(error) }));
client.on(Events.VoiceStateUpdate, (before, after) => say('voice', { user: after.id, channel: after.channelId }));
client.on(Events.InteractionCreate, async (interaction) => {
  try {
    if (interaction.isAutocomplete()) {
      const typed = interaction.options.getFocused();
      await interaction.respond([{ name: `${typed}!`, value: typed }]);
    } else if (interaction.isButton()) {
      await interaction.update({ content: `pressed ${interaction.customId}`, components: [] });
    } else if (interaction.commandName === 'slow') {
      await interaction.deferReply({ flags: 64 });
      await interaction.editReply('done');
    } else {
      const button = { type: 2, style: 1, label: 'Skip', custom_id: 'skip' };
      await interaction.reply({
        content: `playing ${interaction.options.getString('query')}`,
        components: [{ type: 1, components: [button] }],
      });
    }
  } catch (error) {
    say('error', { message: String(error) });
  }
});
client.once(Events.ClientReady, async (ready) => {
  const query = { type: 3, name: 'query', description: 'What', required: true, autocomplete: true };
  const commands = await ready.application.commands.set([
    { name: 'play', description: 'Plays', options: [query] },
    { name: 'slow', description: 'Answers later' },
  ]);
  say('ready', { user: ready.user.tag, guilds: ready.guilds.cache.size, commands: commands.size });
});
process.on('SIGTERM', async () => {
  await client.destroy();
  process.exit(0);
});
await client.login('sim-token');
