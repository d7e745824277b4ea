// The stream of createRandom for each thing in the world. No two share one, so adding a device or a server does not change any
// other. The streams 0x0c000000 to 0x0effffff belong to this folder.

/** The tile that all correlated fields of a run read. */
export const fieldTileStream = 0x0c000000;
/** Plus the server's index: how its fields read the tile. */
export const serverStream = 0x0c100000;
/** Plus the device's index: its building, floor and indoor depth. */
export const indoorStream = 0x0d000000;
/** The kind of each device. */
export const populationStream = 0x0d800000;
/** Plus the device's index: its start and its goals. */
export const mobilityStream = 0x0e000000;
/** The goals of trips along streets. */
export const destinationStream = 0x0e800000;
