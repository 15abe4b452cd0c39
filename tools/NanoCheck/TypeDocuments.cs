using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace IotXmpp.NanoCheck;

/// <summary>The files of types that have no code, such as interfaces: the portable PDB keeps them apart.</summary>
internal static class TypeDocuments
{
    // Portable PDB format, "Type Definition Documents".
    private static readonly Guid Kind = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    /// <summary>File names by the token of the type; empty without a PDB.</summary>
    internal static Dictionary<int, string[]> Read(string pdb)
    {
        var documents = new Dictionary<int, string[]>();
        if (!File.Exists(pdb))
        {
            return documents;
        }

        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbImage(ImmutableArray.Create(File.ReadAllBytes(pdb)));
        MetadataReader reader = provider.GetMetadataReader();
        foreach (CustomDebugInformation information in reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation))
        {
            if (reader.GetGuid(information.Kind) == Kind)
            {
                BlobReader blob = reader.GetBlobReader(information.Value);
                var files = new List<string>();
                while (blob.RemainingBytes > 0)
                {
                    DocumentHandle document = MetadataTokens.DocumentHandle(blob.ReadCompressedInteger());
                    files.Add(reader.GetString(reader.GetDocument(document).Name));
                }

                documents[MetadataTokens.GetToken(information.Parent)] = [.. files];
            }
        }

        return documents;
    }
}
