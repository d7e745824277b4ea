// Which stream of createRandom each thing in the world draws from, so that no two share one, and adding a device or a server
// leaves all others as they were. Whole streams 0x0c000000 to 0x0effffff belong to this folder.

/** The tile that all correlated fields of a run read. */
export const fieldTileStream = 0x0c000000;
/** Plus the server's index: how its fields read the tile. */
export const serverStream = 0x0c100000;
/** Plus the device's index: its building, floor and depth indoors. */
export const indoorStream = 0x0d000000;
/** Which kind each device is. */
export const populationStream = 0x0d800000;
/** Plus the device's index: where it starts and goes. */
export const mobilityStream = 0x0e000000;
/** Places that trips along streets lead to. */
export const destinationStream = 0x0e800000;
