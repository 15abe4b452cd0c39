namespace IotXmpp.Things;

/// <summary>
/// Non-volatile storage as numbered files that only grow: what the flash file system of a board, a folder of a gateway and the virtual flash all can do.
/// An append that is cut by power loss may leave any part of its bytes; nothing that was there before is touched.
/// </summary>
public interface ISegmentStore
{
    /// <summary>The segments that exist.</summary>
    /// <returns>Their numbers, ascending.</returns>
    int[] List();

    /// <summary>How many bytes a segment has.</summary>
    /// <param name="segment">Its number.</param>
    /// <returns>Bytes; 0 when it does not exist.</returns>
    int Length(int segment);

    /// <summary>Reads from a segment.</summary>
    /// <param name="segment">Its number.</param>
    /// <param name="position">The first byte.</param>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="count">How many at most.</param>
    /// <returns>How many were read.</returns>
    int Read(int segment, int position, byte[] buffer, int offset, int count);

    /// <summary>Adds to the end of a segment, which is made when it does not exist. True means that the bytes survive a power cut.</summary>
    /// <param name="segment">Its number.</param>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when the storage is full or refuses.</returns>
    bool TryAppend(int segment, byte[] buffer, int offset, int count);

    /// <summary>Removes a segment.</summary>
    /// <param name="segment">Its number.</param>
    void Delete(int segment);
}
